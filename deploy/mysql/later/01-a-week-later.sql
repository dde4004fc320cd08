-- What a dealer does in a week: some prices drop, one rises, some vehicles are sold. `make demo` runs it between two runs
-- of syncer; `docker compose up` does not.
--
--   mysql vehicles_db < later/01-a-week-later.sql

UPDATE vehicles_stock SET price = price - 1000, updated_at = CURRENT_TIMESTAMP WHERE id % 60 = 15 AND price > 5000;
UPDATE vehicles_stock SET price = price + 500, updated_at = CURRENT_TIMESTAMP WHERE id = 42;
UPDATE vehicles_stock SET status = 'sold', updated_at = CURRENT_TIMESTAMP WHERE id % 150 = 20 AND status = 'available';
DELETE FROM vehicles_stock WHERE id % 200 = 31;
