INSERT INTO merchants (account_id, email, name, country, created) VALUES
    ('STORE7X2KQ4M9', 'store@example.com', 'Example Store', 'US', '2025-01-01T00:00:00Z'),
    ('OTHER5J8WD3NP', 'other@example.com', 'Other Store', 'US', '2025-01-01T00:00:00Z');
