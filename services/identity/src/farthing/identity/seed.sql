-- The passwords are all "farthing".
INSERT INTO users (account_id, email, password_hash, created)
SELECT account_id, email, 'scrypt$16384$8$1$ZmFydGhpbmctc2FuZGJveA$pxcUxvYL5G7wtVadBle2neoeQ2fM4dAxBgA3sFrjIVk', '2025-01-01T00:00:00Z'
FROM (VALUES
    ('STRE7X2KQ4M9W', 'store@example.com'),
    ('THER5J8WD3NPX', 'other@example.com'),
    ('BUYER3F6ZT8HC', 'buyer@example.com'),
    ('PPRY4R9SV2LBX', 'poor@example.com')
) AS seeded (account_id, email);
INSERT INTO apps (client_id, key, app_id, account_id, name, secret_hash, created) VALUES
    ('sandbox-client-id', 'seed.store', 'APP-5STRE7X2KQ4M9WSBX', 'STRE7X2KQ4M9W', 'Example Store', sha256('sandbox-client-secret'),
     '2025-01-01T00:00:00Z'),
    ('other-client-id', 'seed.other', 'APP-5THER5J8WD3NPXSBX', 'THER5J8WD3NPX', 'Other Store', sha256('other-client-secret'),
     '2025-01-01T00:00:00Z');
