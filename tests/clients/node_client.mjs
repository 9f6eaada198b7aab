// Sends one request by Node's own fetch through the proxy and prints what came back as JSON.
//
// usage: node_client.mjs PROXY ROOT METHOD URL [BODY CONTENT_TYPE]     (the root by NODE_EXTRA_CA_CERTS)
//
// Node 20 has no proxy setting. Its fetch takes a dispatcher, and the class of the built-in one is reached by the
// symbol under which undici publishes it; the dispatcher's `connect` opens the tunnel.

import http from "node:http";
import tls from "node:tls";

const [proxy, , method, url, body, contentType] = process.argv.slice(2);

function connect({ hostname, port, protocol, servername }, done) {
  const target = `${hostname}:${port || (protocol === "https:" ? 443 : 80)}`;
  const { hostname: host, port: proxyPort } = new URL(proxy);
  http.request({ host, port: proxyPort, method: "CONNECT", path: target, headers: { host: target } })
    .on("connect", (answer, socket) => {
      if (answer.statusCode !== 200) return done(new Error(`CONNECT: ${answer.statusCode}`));
      const secure = tls.connect({ socket, servername: servername || hostname, ALPNProtocols: ["http/1.1"] });
      secure.once("secureConnect", () => done(null, secure)).once("error", done);
    })
    .once("error", done)
    .end();
}

await fetch("data:,").catch(() => {});
const Agent = globalThis[Symbol.for("undici.globalDispatcher.1")].constructor;
const dispatcher = new Agent({ connect });
const answer = await fetch(url, {
  method,
  dispatcher,
  ...(body === undefined ? {} : { body, headers: { "content-type": contentType } }),
});
console.log(JSON.stringify({
  status: answer.status,
  body: await answer.text(),
  receipt: answer.headers.get("rempart"),
}));
await dispatcher.close();
