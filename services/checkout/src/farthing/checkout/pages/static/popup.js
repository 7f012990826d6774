// Talks to the page that opened this one as a pop-up. It sends only to the origin that the server wrote into the page, and believes
// only a message that comes from the opener's window and from that origin.
"use strict";
(() => {
  const opener = /** @type {Window | null} */ (window.opener);

  /**
   * One click: when the opener proves that it is the order's own store, approve as if the payer had pressed the button.
   * @param {HTMLFormElement} form
   * @param {string} home
   */
  const payAtOnce = (form, home) => {
    const orderID = form.dataset.order;
    let sent = false;
    window.addEventListener("message", (event) => {
      if (event.source !== opener || event.origin !== home || event.data?.type !== "farthing.pay" || event.data.orderID !== orderID) return;
      if (!sent) form.requestSubmit();
      sent = true;
    });
    opener?.postMessage({ type: "farthing.ready", orderID }, home);
  };

  /**
   * Tell how it ended, and go: the opener shows the rest. Without it, go to the store as a page would.
   * @param {HTMLElement} outcome
   * @param {string} home
   */
  const report = (outcome, home) => {
    if (opener !== null && !opener.closed) {
      opener.postMessage(JSON.parse(outcome.dataset.message ?? "{}"), home);
      window.close();
      return;
    }
    const link = outcome.querySelector("a");
    if (link !== null) window.location.replace(link.href);
  };

  /**
   * What has to be read first is told when the payer goes on.
   * @param {HTMLElement} outcome
   * @param {string} home
   */
  const reportLater = (outcome, home) =>
    outcome.querySelector("a, button")?.addEventListener("click", (event) => {
      event.preventDefault();
      report(outcome, home);
    });

  const form = document.getElementById("approve");
  const outcome = document.getElementById("outcome");
  if (form instanceof HTMLFormElement && form.dataset.atOnce !== undefined) payAtOnce(form, form.dataset.atOnce);
  if (outcome?.dataset.opener !== undefined) (outcome.dataset.waits === undefined ? report : reportLater)(outcome, outcome.dataset.opener);
})();
