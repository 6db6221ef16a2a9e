"""The window's process: pictures on standard input, a zero on standard output for each that is shown, and keys.

A script of its own: it imports nothing of vidstyle, whose libraries take seconds to load.
"""

import os
import queue
import sys
import threading

os.environ["PYGAME_HIDE_SUPPORT_PROMPT"] = "1"
import pygame


def main() -> None:
    out, sys.stdout = sys.stdout.buffer, sys.stderr
    width, height = map(int, sys.stdin.buffer.readline().split())
    pygame.display.init()
    # Where there is no screen SDL draws into nothing, unless it is asked to.
    if pygame.display.get_driver() in ("dummy", "offscreen") and "SDL_VIDEODRIVER" not in os.environ:
        sys.exit("there is no screen")
    screen = pygame.display.set_mode((width, height), pygame.RESIZABLE)
    pygame.display.set_caption("vidstyle")

    def say(data: bytes) -> None:
        out.write(data)
        out.flush()

    pictures: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def listen() -> None:
        while True:
            data = sys.stdin.buffer.read(3 * width * height)
            pictures.put(data)
            if len(data) < 3 * width * height:
                return

    threading.Thread(target=listen, daemon=True).start()
    say(b"\0")
    while True:
        for event in pygame.event.get():
            if event.type == pygame.QUIT:
                return
            if event.type == pygame.KEYDOWN:
                named = {pygame.K_UP: "+", pygame.K_DOWN: "-", pygame.K_ESCAPE: "q"}
                key = named.get(event.key) or event.unicode
                if len(key) == 1 and key.isascii() and key.isprintable():
                    say(key.encode())
        try:
            data = pictures.get(timeout=0.02)
        except queue.Empty:
            continue
        if len(data) < 3 * width * height:
            return
        picture = pygame.image.frombuffer(data, (width, height), "RGB")
        room_width, room_height = screen.get_size()
        scale = min(room_width / width, room_height / height)
        size = max(1, round(width * scale)), max(1, round(height * scale))
        if size != (width, height):
            picture = pygame.transform.smoothscale(picture, size)
        screen.fill((0, 0, 0))
        screen.blit(picture, ((room_width - size[0]) // 2, (room_height - size[1]) // 2))
        pygame.display.flip()
        say(b"\0")


if __name__ == "__main__":
    main()
