import type { Socket } from 'node:net';

/** At most so many connections may be in their handshake at once, in all and from one address. */
const maxInAll = 256;
const maxFromOne = 64;

/**
 * The connections whose TLS handshake is under way. A handshake takes milliseconds; where there are too many, the one
 * that has taken the longest is given up, so that a flood of those that never finish keeps nobody out.
 */
export class Handshakes {
  /** The oldest first. */
  readonly #pending = new Map<string, Socket>();

  /** A connection begins its handshake. */
  begin(socket: Socket): void {
    const peer = peerOf(socket);
    if (peer === undefined) return void socket.destroy();
    const alike = [...this.#pending.values()].filter(({ remoteAddress }) => remoteAddress === socket.remoteAddress);
    if (alike.length >= maxFromOne) this.#giveUp(alike[0]);
    if (this.#pending.size >= maxInAll) this.#giveUp(this.#pending.values().next().value);
    this.#pending.set(peer, socket);
    socket.once('close', () => {
      if (this.#pending.get(peer) === socket) this.#pending.delete(peer);
    });
  }

  /** The handshake is done. Returns the peer as gRPC names it, undefined when the connection is gone already. */
  end(socket: Socket): string | undefined {
    const peer = peerOf(socket);
    if (peer !== undefined) this.#pending.delete(peer);
    return peer;
  }

  /** Ends all of them. */
  close(): void {
    for (const socket of this.#pending.values()) socket.destroy();
  }

  #giveUp(socket: Socket | undefined): void {
    if (socket === undefined) return;
    const peer = peerOf(socket);
    if (peer !== undefined) this.#pending.delete(peer);
    socket.destroy();
  }
}

/** As `getPeer()` of a gRPC call says it. */
function peerOf({ remoteAddress, remotePort }: Socket): string | undefined {
  return remoteAddress === undefined || remotePort === undefined ? undefined : `${remoteAddress}:${remotePort}`;
}
