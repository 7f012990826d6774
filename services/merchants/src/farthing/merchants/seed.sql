INSERT INTO merchants (account_id, email, name, country, created) VALUES
    ('STRE7X2KQ4M9W', 'store@example.com', 'Example Store', 'US', '2025-01-01T00:00:00Z'),
    ('THER5J8WD3NPX', 'other@example.com', 'Other Store', 'US', '2025-01-01T00:00:00Z');
