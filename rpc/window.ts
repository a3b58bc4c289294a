import type { Http2Server, ServerHttp2Session, Settings } from 'node:http2';
import type * as grpc from '@grpc/grpc-js';

/**
 * How many bytes a client may send ahead of what the agent has read, in bytes: of one call, and of one connection. HTTP/2
 * begins with 64 KiB, which at a round trip of 50 ms is 0.8 MB/s; with this, 160 MB/s.
 */
export const windowBytes = 8 * 1024 * 1024;

/** What of grpc-js is reached here. */
interface Inner {
  readonly commonServerOptions?: { settings?: Settings };
  createHttp2Server?(credentials: grpc.ServerCredentials): Http2Server;
}

/**
 * Opens the window of every connection that the server will have, also of those that are injected. A server of grpc-js
 * 1.14.7 takes no option for it (`grpc-node.flow_control_window` is for clients), so this reaches into it: the version is
 * pinned, and `tests/rpc/window.test.ts` looks at what a client is told.
 *
 * @throws Error where grpc-js has changed inside
 */
export function openWindow(server: grpc.Server): grpc.Server {
  const inner = server as unknown as Inner;
  const { commonServerOptions: options, createHttp2Server: create } = inner;
  if (options === undefined || create === undefined)
    throw new Error('grpc-js has changed inside: see rpc/window.ts, where the window of HTTP/2 is opened');
  options.settings = { ...options.settings, initialWindowSize: windowBytes };
  inner.createHttp2Server = (credentials) =>
    create.call(inner, credentials).on('session', (session: ServerHttp2Session) => {
      if (!session.destroyed) session.setLocalWindowSize(windowBytes);
    });
  return server;
}
