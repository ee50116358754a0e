/** Ports of this machine for servers that a test starts. */
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';

/** A port that nobody listens at. */
export async function freePort(): Promise<number> {
  const server = createTcpServer();
  const port = await listening(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Lets the server listen on this machine alone, and says at which port. */
export async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
