-- The users of both services. Each may read only what it needs.
--
--   mysql vehicles_db < 03-users.sql
--
-- The passwords are only for the demo: on a server that others can reach, create the users by hand. A table name without
-- a database means the current one, so the grants are for the database that the tables were loaded into.

CREATE USER IF NOT EXISTS 'syncer'@'%' IDENTIFIED BY 'syncer-demo';
CREATE USER IF NOT EXISTS 'carapi'@'%' IDENTIFIED BY 'carapi-demo';

-- MySQL reads the view with the rights of its creator, so syncer needs no rights on its tables.
GRANT SELECT ON vehicles_view TO 'syncer'@'%';

GRANT SELECT ON vehicles_stock TO 'carapi'@'%';
GRANT SELECT ON vehicles_view TO 'carapi'@'%';
