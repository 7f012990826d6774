"""Keeps what makes an account a merchant: profile, rate card, partner consents."""
