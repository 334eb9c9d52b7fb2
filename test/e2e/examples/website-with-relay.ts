// A website with a relay at /relay of the same port.
import { createServer } from "node:http";
import { attach, createRelay } from "npubwire";

const relay = await createRelay(); // key and events in ./data, as with `npubwire relay`
relay.on("connection", ({ address }) => console.log(`${address} has come`));
relay.on("stored", ({ kind, content }) => console.log(`kind ${kind}: ${content}`));

const server = createServer((_, response) => response.end("my website\n"));
attach(server, relay, { path: "/relay" });
server.listen(Number(process.env["PORT"] ?? 8080), () => console.log(relay.address));

process.once("SIGTERM", async () => {
  await relay.close();
  server.close();
});
