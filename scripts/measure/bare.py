"""The other side of the HTTP measurement: FastAPI alone, which answers the same requests with 204 and does nothing."""

from __future__ import annotations

import sys

import uvicorn
from fastapi import FastAPI, Response

app = FastAPI()


@app.post("/ingest/{wire}")
async def take(wire: str) -> Response:
    return Response(status_code=204)


@app.get("/health/ready")
async def ready() -> Response:
    return Response(status_code=204)


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False)
