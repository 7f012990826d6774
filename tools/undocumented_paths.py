"""Paths of PayPal's API that clients call although no OpenAPI file of PayPal describes them: method, path, a short name of ours.

Source: the wire contract's list of operations outside the specification. Only paths that are known exactly are here.
"""

from __future__ import annotations

_TOKENS = (
    ("POST", "/v1/oauth2/token", "oauth2.token"),
    ("POST", "/v1/identity/generate-token", "identity.generate-token"),
    ("GET", "/v1/identity/oauth2/userinfo", "identity.oauth2.userinfo"),
    ("POST", "/v1/identity/openidconnect/tokenservice", "identity.openidconnect.tokenservice"),
    ("GET", "/v1/identity/openidconnect/userinfo", "identity.openidconnect.userinfo"),
    ("POST", "/v1/identity/openidconnect/userinfo", "identity.openidconnect.userinfo"),
)
_PAGES = (
    ("GET", "/checkoutnow", "page.checkout"),
    ("GET", "/connect", "page.connect"),
    ("GET", "/sdk/js", "script.sdk"),
    ("GET", "/signin/authorize", "page.authorize"),
    ("GET", "/web-sdk/v6/core", "script.web-sdk"),
    ("GET", "/webapps/auth/protocol/openidconnect/v1/endsession", "page.end-session"),
    ("GET", "/webapps/billing/subscriptions", "page.subscription"),
)
_CURRENT = (
    ("GET", "/v1/billing/subscriptions", "subscriptions.list"),
    ("POST", "/v1/customer/disputes", "disputes.create"),
    ("POST", "/v1/customer/disputes/{id}/change-reason", "disputes.change-reason"),
    ("GET", "/v1/merchant/insights", "merchant.insights"),
    ("GET", "/v1/notifications/certs/{cert_id}", "webhooks.certificate"),
    ("PUT", "/v1/risk/transaction-contexts/{merchant_id}/{tracking_id}", "risk.transaction-context"),
    ("POST", "/v2/checkout/orders/{id}/save", "orders.save"),
    ("POST", "/v2/checkout/orders/{id}/validate-payment-method", "orders.validate-payment-method"),
    ("POST", "/v2/payments/find-eligible-methods", "payments.find-eligible-methods"),
)
_BILLING_AGREEMENTS = (
    ("POST", "/v1/billing-agreements/agreement-tokens", "agreement-tokens.create"),
    ("POST", "/v1/billing-agreements/agreements", "agreements.create"),
    ("POST", "/v1/payments/billing-agreements", "billing-agreements.create"),
    ("GET", "/v1/payments/billing-agreements/{agreement_id}", "billing-agreements.get"),
    ("PATCH", "/v1/payments/billing-agreements/{agreement_id}", "billing-agreements.update"),
    ("POST", "/v1/payments/billing-agreements/{agreement_id}/bill-balance", "billing-agreements.bill-balance"),
    ("POST", "/v1/payments/billing-agreements/{agreement_id}/cancel", "billing-agreements.cancel"),
    ("POST", "/v1/payments/billing-agreements/{agreement_id}/re-activate", "billing-agreements.re-activate"),
    ("POST", "/v1/payments/billing-agreements/{agreement_id}/set-balance", "billing-agreements.set-balance"),
    ("POST", "/v1/payments/billing-agreements/{agreement_id}/suspend", "billing-agreements.suspend"),
    ("GET", "/v1/payments/billing-agreements/{agreement_id}/transactions", "billing-agreements.transactions"),
    ("POST", "/v1/payments/billing-agreements/{token}/agreement-execute", "billing-agreements.execute"),
    ("GET", "/v1/payments/billing-plans", "billing-plans.list"),
    ("POST", "/v1/payments/billing-plans", "billing-plans.create"),
    ("GET", "/v1/payments/billing-plans/{plan_id}", "billing-plans.get"),
    ("PATCH", "/v1/payments/billing-plans/{plan_id}", "billing-plans.update"),
)
_FORMER_VAULT = (
    ("GET", "/v1/vault/credit-cards", "credit-cards.list"),
    ("POST", "/v1/vault/credit-cards", "credit-cards.create"),
    ("DELETE", "/v1/vault/credit-cards/{card_id}", "credit-cards.delete"),
    ("GET", "/v1/vault/credit-cards/{card_id}", "credit-cards.get"),
    ("PATCH", "/v1/vault/credit-cards/{card_id}", "credit-cards.update"),
    ("POST", "/v2/vault/approval-tokens/{id}/confirm-payment-token", "vault.v2.payment-tokens.confirm"),
    ("GET", "/v2/vault/payment-tokens", "vault.v2.payment-tokens.list"),
    ("DELETE", "/v2/vault/payment-tokens/{id}", "vault.v2.payment-tokens.delete"),
    ("GET", "/v2/vault/payment-tokens/{id}", "vault.v2.payment-tokens.get"),
)
_PARTNERS = (
    ("POST", "/v1/payments/referenced-payouts", "referenced-payouts.create"),
    ("GET", "/v1/payments/referenced-payouts/{payouts_batch_id}", "referenced-payouts.get"),
    ("POST", "/v1/payments/referenced-payouts-items", "referenced-payouts-items.create"),
    ("GET", "/v1/payments/referenced-payouts-items/{payouts_item_id}", "referenced-payouts-items.get"),
    ("GET", "/v2/scim/Users", "scim.users.list"),
    ("POST", "/v2/scim/Users", "scim.users.create"),
    ("DELETE", "/v2/scim/Users/{user_id}", "scim.users.delete"),
    ("GET", "/v2/scim/Users/{user_id}", "scim.users.get"),
    ("PATCH", "/v2/scim/Users/{user_id}", "scim.users.update"),
)
UNDOCUMENTED_PATHS: tuple[tuple[str, str, str], ...] = (*_TOKENS, *_PAGES, *_CURRENT, *_BILLING_AGREEMENTS, *_FORMER_VAULT, *_PARTNERS)
