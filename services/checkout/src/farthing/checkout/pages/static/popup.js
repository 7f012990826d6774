// Talks to the page that opened this one as a pop-up. It sends only to the origin that the server wrote into the page, and believes
// only a message that comes from the opener's window and from that origin.
"use strict";
(() => {
  const form = document.getElementById("approve");
  const outcome = document.getElementById("outcome");
  const opener = window.opener;

  if (form !== null && form.dataset.atOnce !== undefined && opener !== null) {
    const { atOnce: home, order } = form.dataset;
    window.addEventListener("message", (event) => {
      const asked = event.source === opener && event.origin === home && event.data?.type === "farthing.pay" && event.data.orderID === order;
      if (asked) form.requestSubmit();
    }, { once: false });
    opener.postMessage({ type: "farthing.ready", orderID: order }, home);
  }

  if (outcome !== null && outcome.dataset.opener !== undefined) {
    if (opener !== null && !opener.closed) {
      opener.postMessage(JSON.parse(outcome.dataset.message), outcome.dataset.opener);
      window.close();
    } else {
      const link = outcome.querySelector("a[href]");
      if (link !== null) window.location.replace(link.href);
    }
  }
})();
