-- The demo's tables: the stock of a group of dealers, and the view of it that others may copy.
--
--   mysql vehicles_db < 01-schema.sql
--
-- It uses the current database, so the same file works for Docker, for the demo server, and for tests with databases of
-- their own. It only creates tables: in a database that already has them it stops with an error, and empties nothing.

CREATE TABLE dealers (
  id          INT          NOT NULL AUTO_INCREMENT,
  name        VARCHAR(80)  NOT NULL,
  street      VARCHAR(120) NOT NULL,
  city        VARCHAR(60)  NOT NULL,
  state       VARCHAR(40)  NOT NULL COMMENT 'state, province or region, as a postal address writes it',
  postal_code VARCHAR(12)  NOT NULL,
  country     CHAR(2)      NOT NULL COMMENT 'ISO 3166-1 alpha-2',
  phone       VARCHAR(24)  NOT NULL,
  email       VARCHAR(120),
  website     VARCHAR(200),
  PRIMARY KEY (id),
  UNIQUE KEY dealers_name (name)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE vehicles_stock (
  id             BIGINT        NOT NULL AUTO_INCREMENT,
  stock_number   VARCHAR(20)   NOT NULL COMMENT 'the dealer''s own number of the vehicle',
  vin            CHAR(17)      COMMENT 'vehicle identification number, ISO 3779',
  make           VARCHAR(40)   NOT NULL,
  model          VARCHAR(60)   NOT NULL,
  `year`         SMALLINT      NOT NULL COMMENT 'model year',
  `trim`         VARCHAR(60),
  `condition`    VARCHAR(20)   NOT NULL COMMENT 'new, used or certified',
  `status`       VARCHAR(20)   NOT NULL DEFAULT 'available' COMMENT 'available, reserved, in_transit or sold',
  body_type      VARCHAR(30)   NOT NULL,
  fuel_type      VARCHAR(30)   NOT NULL,
  transmission   VARCHAR(30)   NOT NULL,
  drivetrain     VARCHAR(10)   NOT NULL COMMENT 'FWD, RWD, AWD or 4WD',
  `engine`       VARCHAR(60),
  cylinders      TINYINT       COMMENT 'NULL for an electric vehicle',
  doors          TINYINT       NOT NULL,
  seats          TINYINT       NOT NULL,
  exterior_color VARCHAR(40)   NOT NULL,
  interior_color VARCHAR(40),
  mileage        INT           COMMENT 'odometer, miles',
  price          DECIMAL(10,2) COMMENT 'asking price, USD; NULL: call for the price',
  msrp           DECIMAL(10,2) COMMENT 'list price when new, USD',
  currency       CHAR(3)       NOT NULL DEFAULT 'USD' COMMENT 'of price and msrp, ISO 4217',
  city           VARCHAR(60)   NOT NULL COMMENT 'where the vehicle is',
  state          VARCHAR(40)   NOT NULL,
  country        CHAR(2)       NOT NULL COMMENT 'ISO 3166-1 alpha-2',
  dealer_id      INT           NOT NULL,
  `description`  TEXT,
  features       JSON          COMMENT 'array of equipment names',
  image_url      VARCHAR(300),
  listing_url    VARCHAR(300),
  created_at     DATETIME      NOT NULL COMMENT 'when the vehicle came into stock, UTC',
  updated_at     TIMESTAMP     NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  PRIMARY KEY (id),
  UNIQUE KEY vehicles_stock_number (stock_number),
  UNIQUE KEY vehicles_stock_vin (vin),
  KEY vehicles_stock_make_model_year (make, model, `year`),
  KEY vehicles_stock_price (price),
  KEY vehicles_stock_updated_at (updated_at),
  KEY vehicles_stock_dealer (dealer_id),
  CONSTRAINT vehicles_stock_dealer_fk FOREIGN KEY (dealer_id) REFERENCES dealers (id)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

-- The columns are listed, so that a column added to the table does not appear in the view unless someone decides it.
-- The join loses no vehicle: dealer_id is NOT NULL and a foreign key.
CREATE VIEW vehicles_view AS
SELECT
  s.id             AS id,
  s.stock_number   AS stock_number,
  s.vin            AS vin,
  s.make           AS make,
  s.model          AS model,
  s.`year`         AS `year`,
  s.`trim`         AS `trim`,
  s.`condition`    AS `condition`,
  s.`status`       AS `status`,
  s.body_type      AS body_type,
  s.fuel_type      AS fuel_type,
  s.transmission   AS transmission,
  s.drivetrain     AS drivetrain,
  s.`engine`       AS `engine`,
  s.cylinders      AS cylinders,
  s.doors          AS doors,
  s.seats          AS seats,
  s.exterior_color AS exterior_color,
  s.interior_color AS interior_color,
  s.mileage        AS mileage,
  s.price          AS price,
  s.msrp           AS msrp,
  s.currency       AS currency,
  s.city           AS city,
  s.state          AS state,
  s.country        AS country,
  s.dealer_id      AS dealer_id,
  d.name           AS dealer,
  d.phone          AS dealer_phone,
  d.city           AS dealer_city,
  d.state          AS dealer_state,
  d.postal_code    AS dealer_postal_code,
  d.website        AS dealer_website,
  s.`description`  AS `description`,
  s.features       AS features,
  s.image_url      AS image_url,
  s.listing_url    AS listing_url,
  s.created_at     AS created_at,
  s.updated_at     AS updated_at
FROM vehicles_stock AS s
JOIN dealers AS d ON d.id = s.dealer_id;
