"""What `make bench-api` measures carapi beside: the same search as one would write it in Python, with a
pool of connections and without a count."""

import os

import aiomysql
from fastapi import FastAPI, Header, HTTPException, Query

app = FastAPI()


@app.on_event("startup")
async def connect():
    app.state.pool = await aiomysql.create_pool(
        host=os.environ["DB_HOST"], port=int(os.environ["DB_PORT"]), user=os.environ["DB_USER"], password="",
        db=os.environ["DB_NAME"], minsize=8, maxsize=32, autocommit=True, cursorclass=aiomysql.DictCursor)


@app.get("/cars/")
async def search(make: str | None = None, model: str | None = None, year: int | None = None,
                 limit: int = Query(20, le=100), x_api_key: str | None = Header(None)):
    if x_api_key != os.environ["API_KEY"]:
        raise HTTPException(401)
    asked = {name: value for name, value in (("make", make), ("model", model), ("year", year)) if value is not None}
    where = " AND ".join(f"{name} = %s" for name in asked) or "TRUE"
    async with app.state.pool.acquire() as connection, connection.cursor() as cursor:
        await cursor.execute(f"SELECT * FROM bench WHERE {where} ORDER BY id LIMIT %s", (*asked.values(), limit))
        return await cursor.fetchall()
