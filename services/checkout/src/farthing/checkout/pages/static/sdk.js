// Farthing's buttons with the interface of PayPal's JavaScript SDK (version 5), for one-time payments.
//
// A click opens the approval page in a pop-up. The store's page learns whether the order was approved and nothing about the payer: what
// the payer types goes to the pop-up, which belongs to another origin. Messages are believed only when they come from that window and
// from the origin that this script was loaded from; the pop-up, for its part, sends only to the origin that it was opened by.
// Where pop-ups are blocked the whole page goes to the approval page, and comes back by the order's return_url or cancel_url.
"use strict";
(() => {
  /** @typedef {import("@paypal/paypal-js").PayPalButtonsComponentOptions} ButtonsOptions */
  /** @typedef {import("@paypal/paypal-js").PayPalButtonsComponent} ButtonsComponent */
  /** @typedef {import("@paypal/paypal-js").FUNDING_SOURCE} FundingSource */
  /** @typedef {import("@paypal/paypal-js").PayPalNamespace} Namespace */

  const script = /** @type {HTMLScriptElement} */ (document.currentScript);
  const address = new URL(script.src);
  const home = address.origin;
  const namespace = script.dataset.namespace ?? "paypal";
  const wanted = (address.searchParams.get("components") ?? "buttons").split(",").map((name) => name.trim());
  const POLL = 300; // milliseconds between two looks at whether the pop-up is still open
  const LABELS = { pay: "Pay with Farthing", buynow: "Buy now with Farthing", checkout: "Check out with Farthing" };
  const COLORS = { black: ["#1d1612", "#fff"], white: ["#fff", "#2b1d14"], silver: ["#ece6e0", "#2b1d14"] };

  /** @param {string} method @returns {(...ignored: unknown[]) => Promise<never>} */
  const onlyOnServer = (method) => () =>
    Promise.reject(new Error(`${method}() needs the secret of your app, so it is not offered in the browser: call your own server, and Orders v2 from there.`));

  /** @param {string} orderID @param {boolean} popup */
  const approvalPage = (orderID, popup) => {
    const target = new URL("/checkoutnow", home);
    target.searchParams.set("token", orderID);
    if (popup) target.searchParams.set("origin", window.location.origin);
    return target.href;
  };

  /** @param {string | HTMLElement} container */
  const found = (container) => {
    const element = typeof container === "string" ? document.querySelector(container) : container;
    if (element instanceof HTMLElement) return element;
    throw new Error(`There is no element ${String(container)} to render into.`);
  };

  /** An empty window, opened while the click still allows it; null when pop-ups are blocked, or this page has no origin to answer to. */
  const openWindow = () => {
    if (window.location.origin === "null") return null;
    const width = Math.min(480, window.screen.availWidth);
    const height = Math.min(760, window.screen.availHeight);
    const left = Math.round(window.screenX + Math.max(0, window.outerWidth - width) / 2);
    const top = Math.round(window.screenY + Math.max(0, window.outerHeight - height) / 2);
    return window.open("", "", `popup,width=${width},height=${height},left=${left},top=${top}`);
  };

  /**
   * Waits for the end of one visit to the approval page.
   * @param {Window} popup
   * @param {string} orderID
   * @returns {Promise<{approved: boolean, payerID?: string}>}
   */
  const outcomeOf = (popup, orderID) =>
    new Promise((resolve) => {
      /** @param {MessageEvent} event */
      const hear = (event) => {
        if (event.source !== popup || event.origin !== home || event.data?.orderID !== orderID) return;
        if (event.data.type === "farthing.ready") popup.postMessage({ type: "farthing.pay", orderID }, home);
        if (event.data.type === "farthing.approved") finish({ approved: true, payerID: event.data.payerID });
        if (event.data.type === "farthing.cancelled") finish({ approved: false });
      };
      const poll = window.setInterval(() => {
        // An answer may still be on its way when the window is already gone.
        if (popup.closed) window.setTimeout(() => finish({ approved: false }), POLL);
      }, POLL);
      /** @param {{approved: boolean, payerID?: string}} outcome */
      const finish = (outcome) => {
        window.clearInterval(poll);
        window.removeEventListener("message", hear);
        popup.close();
        resolve(outcome);
      };
      window.addEventListener("message", hear);
    });

  /** One button's life: at most one pop-up at a time. */
  class Checkout {
    /** @param {() => ButtonsOptions} options */
    constructor(options) {
      this.options = options;
      /** @type {Window | null} */
      this.popup = null;
    }

    async click() {
      if (this.popup !== null && !this.popup.closed) {
        this.popup.focus();
        return;
      }
      let rejected = false;
      const refuse = async () => {
        rejected = true;
      };
      try {
        const asked = this.options().onClick?.({ fundingSource: "paypal" }, { reject: refuse, resolve: async () => {} });
        if (rejected) return;
        await this.pay(openWindow(), async () => {
          await asked;
          return rejected ? null : this.createOrder();
        });
      } catch (error) {
        this.fail(error);
      }
    }

    async createOrder() {
      const create = this.options().createOrder;
      if (create === undefined) throw new Error("Buttons() needs createOrder: a function that answers an order's id.");
      const orderID = await create({ paymentSource: "paypal" }, { order: { create: onlyOnServer("actions.order.create") } });
      if (typeof orderID !== "string" || orderID === "") throw new Error("createOrder answered no order id.");
      return orderID;
    }

    /**
     * @param {Window | null} popup
     * @param {() => Promise<string | null>} order
     */
    async pay(popup, order) {
      this.popup = popup;
      try {
        const orderID = await order();
        if (orderID === null) return;
        if (popup === null) {
          window.location.assign(approvalPage(orderID, false));
          return;
        }
        popup.location.href = approvalPage(orderID, true);
        const outcome = await outcomeOf(popup, orderID);
        if (outcome.approved) await this.approved(orderID, outcome.payerID);
        else this.options().onCancel?.({ orderID }, { redirect: () => window.location.assign(approvalPage(orderID, false)) });
      } finally {
        popup?.close();
        if (this.popup === popup) this.popup = null; // restart() may have opened another
      }
    }

    /** @param {string} orderID @param {string | undefined} payerID */
    async approved(orderID, payerID) {
      const order = Object.fromEntries(["capture", "authorize", "get", "patch"].map((name) => [name, onlyOnServer(`actions.order.${name}`)]));
      const restart = () => {
        this.pay(openWindow(), async () => orderID).catch((error) => this.fail(error));
      };
      const actions = {
        order: /** @type {any} */ (order),
        redirect: (/** @type {string} */ url) => window.location.assign(url),
        restart,
      };
      await this.options().onApprove?.({ orderID, payerID: payerID ?? null, facilitatorAccessToken: "" }, actions);
    }

    /** @param {unknown} problem */
    fail(problem) {
      const error = problem instanceof Error ? problem : new Error(String(problem));
      const onError = this.options().onError;
      if (onError === undefined) console.error(error);
      else onError(/** @type {any} */ (error));
    }
  }

  const css = `
    :host { display: block; max-width: 750px; }
    button { width: 100%; border: 0; cursor: pointer; font: 650 1rem/1.2 system-ui, sans-serif; padding: 0 1rem;
      color: var(--ink); background: var(--paint); border-radius: var(--round); min-height: var(--tall); }
    button:hover { filter: brightness(1.1); }
    button:disabled { cursor: default; opacity: .6; }
    button:focus-visible { outline: 3px solid #0b57d0; outline-offset: 2px; }`;

  /**
   * The button in a shadow tree, so that it and the store's page keep their styles apart; no inline style, whatever the page's policy.
   * @param {HTMLElement} place
   * @param {NonNullable<ButtonsOptions["style"]>} style
   */
  const draw = (place, style) => {
    const [paint, ink] = COLORS[/** @type {keyof typeof COLORS} */ (style.color)] ?? ["#8f4519", "#fff"];
    const round = { pill: 999, sharp: 0, rect: 6 }[style.shape ?? "rect"];
    const host = document.createElement("div");
    host.dataset.testid = "farthing-buttons";
    host.style.setProperty("--paint", paint);
    host.style.setProperty("--ink", ink);
    host.style.setProperty("--round", `${style.borderRadius ?? round}px`);
    host.style.setProperty("--tall", `${Math.min(55, Math.max(25, style.height ?? 48))}px`);
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    const tree = host.attachShadow({ mode: "open" });
    tree.adoptedStyleSheets = [sheet];
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.testid = "farthing-button";
    button.textContent = LABELS[/** @type {keyof typeof LABELS} */ (style.label)] ?? LABELS.pay;
    tree.append(button);
    place.append(host);
    return { host, button };
  };

  /** @param {ButtonsOptions} [given] @returns {ButtonsComponent} */
  const Buttons = (given = {}) => {
    let options = given;
    /** @type {HTMLElement | null} */
    let host = null;
    const checkout = new Checkout(() => options);
    const isEligible = () => options.fundingSource === undefined || isFundingEligible(options.fundingSource);
    return {
      isEligible,
      async render(container) {
        const place = found(container);
        if (!isEligible()) throw new Error(`Buttons() for the funding source ${options.fundingSource} are not offered: ask isEligible() first.`);
        if (host !== null) throw new Error("These buttons are rendered already.");
        const drawn = draw(place, options.style ?? {});
        host = drawn.host;
        drawn.button.addEventListener("click", () => void checkout.click());
        /** @param {boolean} off */
        const disable = (off) => async () => {
          drawn.button.disabled = off;
        };
        options.onInit?.({ correlationID: "" }, { enable: disable(false), disable: disable(true) });
      },
      async close() {
        host?.remove();
        host = null;
        checkout.popup?.close();
      },
      async updateProps(changed) {
        options = { ...options, ...changed };
      },
      hasReturned: () => false,
      resume: () => {},
    };
  };

  /** @param {FundingSource} source */
  const isFundingEligible = (source) => source === "paypal";

  /** A stub: the name of the way to pay, without artwork. @param {import("@paypal/paypal-js").PayPalMarksComponentOptions} [options] */
  const Marks = (options = {}) => ({
    isEligible: () => options.fundingSource === undefined || options.fundingSource === "paypal",
    /** @param {string | HTMLElement} container */
    async render(container) {
      found(container).append(Object.assign(document.createElement("span"), { textContent: "Farthing" }));
    },
  });

  /** A stub: Farthing lends no money, so there is nothing to advertise. */
  const Messages = () => ({
    /** @param {string | HTMLElement} container */
    async render(container) {
      found(container);
      console.info("Farthing offers no credit: Messages() shows nothing.");
    },
  });

  const sources = /** @type {FundingSource[]} */ (["paypal", "card", "credit", "paylater", "venmo"]);
  /** @type {Record<string, Partial<Namespace>>} */
  const parts = { buttons: { Buttons }, marks: { Marks }, messages: { Messages } };
  /** @type {Namespace} */
  const sdk = {
    version: "5.0.0-farthing",
    FUNDING: Object.fromEntries(sources.map((source) => [source.toUpperCase(), source])),
    getFundingSources: () => ["paypal"],
    isFundingEligible,
    rememberFunding: () => {},
  };
  for (const name of wanted) {
    const part = parts[name];
    if (part === undefined) console.warn(`Farthing's SDK has no component ${name}: it has ${Object.keys(parts).join(", ")}.`);
    else Object.assign(sdk, part);
  }
  Object.assign(window, { [namespace]: sdk });
})();
