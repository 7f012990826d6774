"""Routes of identity: the token endpoint and OpenID Connect outside, users and apps inside."""
