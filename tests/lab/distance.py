#!/usr/bin/env python3
"""Ports that are far away: each byte to and from a server on this machine takes its time.

usage: distance.py MILLISECONDS PORT...

MILLISECONDS are those of a round trip. Prints the far port of each PORT, on a line, and serves until its input ends.
"""

import asyncio
import contextlib
import os
import sys


async def pass_on(reader, writer, delay):
    """Pass on each piece as long after it came as the way takes, and not one after the other."""
    loop, pieces = asyncio.get_running_loop(), asyncio.Queue()

    async def deliver():
        while True:
            due, piece = await pieces.get()
            await asyncio.sleep(due - loop.time())
            if not piece:
                return
            writer.write(piece)
            await writer.drain()

    delivery = asyncio.create_task(deliver())
    with contextlib.suppress(ConnectionError, asyncio.CancelledError):
        while True:
            piece = await reader.read(65536)
            pieces.put_nowait((loop.time() + delay, piece))
            if not piece:
                break
    with contextlib.suppress(ConnectionError):
        await delivery
        if writer.can_write_eof():
            writer.write_eof()


async def serve(milliseconds, ports):
    one_way = milliseconds / 2000

    def relay(port):
        async def converse(reader, writer):
            # Loopback opens the connection at once.
            await asyncio.sleep(2 * one_way)
            with contextlib.suppress(OSError):
                other_reader, other_writer = await asyncio.open_connection("127.0.0.1", port)
                await asyncio.gather(pass_on(reader, other_writer, one_way), pass_on(other_reader, writer, one_way))
                other_writer.close()
            writer.close()

        return converse

    servers = [await asyncio.start_server(relay(port), "127.0.0.1", 0, backlog=1000) for port in ports]
    print(*(server.sockets[0].getsockname()[1] for server in servers), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    # Connections that are open still need no farewell.
    os._exit(0)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    asyncio.run(serve(float(sys.argv[1]), [int(port) for port in sys.argv[2:]]))
