"use strict";
const cart = document.getElementById("cart");
const notice = document.getElementById("notice");

async function post(path, body) {
  const answer = await fetch(path, { method: "POST", body });
  const content = await answer.json();
  if (!answer.ok) throw new Error(content.issue ?? "something is wrong with the order");
  return content;
}

paypal.Buttons({
  style: { label: "buynow" },
  onClick: (_data, actions) => (cart.reportValidity() ? actions.resolve() : actions.reject()),
  createOrder: async () => (await post("/orders", new URLSearchParams(new FormData(cart)))).id,
  onApprove: async ({ orderID }, actions) => {
    try {
      notice.textContent = (await post(`/orders/${orderID}/capture`)).notice;
    } catch (error) {
      if (error.message !== "INSTRUMENT_DECLINED") throw error;
      actions.restart(); // the same order, paid in another way
    }
  },
  onCancel: () => { notice.textContent = "You cancelled. Nothing was charged."; },
  onError: (error) => { notice.textContent = `The payment did not work: ${error.message}`; },
}).render("#buttons");
