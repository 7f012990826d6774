INSERT INTO accounts (id, key, email, kind, country, given_name, surname, business_name, address, created) VALUES
    ('STRE7X2KQ4M9W', 'seed.store', 'store@example.com', 'business', 'US', 'Stella', 'Store', 'Example Store', NULL, '2025-01-01T00:00:00Z'),
    ('THER5J8WD3NPX', 'seed.other', 'other@example.com', 'business', 'US', 'Oscar', 'Other', 'Other Store', NULL, '2025-01-01T00:00:00Z'),
    ('BUYER3F6ZT8HC', 'seed.buyer', 'buyer@example.com', 'personal', 'US', 'Bea', 'Buyer', NULL,
     '{"address_line_1": "1 Example Street", "admin_area_2": "San Jose", "admin_area_1": "CA", "postal_code": "95131", "country_code": "US"}',
     '2025-01-01T00:00:00Z'),
    ('PPRY4R9SV2LBX', 'seed.poor', 'poor@example.com', 'personal', 'US', 'Paul', 'Poor', NULL,
     '{"address_line_1": "1 Example Street", "admin_area_2": "San Jose", "admin_area_1": "CA", "postal_code": "95131", "country_code": "US"}',
     '2025-01-01T00:00:00Z');
INSERT INTO instruments (id, account_id, kind, token, brand, last_digits, expiry, name) VALUES
    ('CARD1BUYER3F6', 'BUYER3F6ZT8HC', 'card', 'SEEDCARD1BUYER', 'VISA', '1881', '2035-12', 'Bea Buyer');
