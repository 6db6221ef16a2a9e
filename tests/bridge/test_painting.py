"""What a client gets painted, against the Stylizer's own paintings."""

from __future__ import annotations

import random
import socket
import struct
import time
from collections.abc import Iterable

import numpy as np
import pytest
import torch
from client import BGRA, DONE, FRAME, NOTE, OPEN, OPENED, RGBA, SET, WELCOME, Client, header, hello, memfd

import vidstyle


def tensor(frame: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(frame[..., :3].copy()).permute(2, 0, 1)[None] / 255


def codes(painted: torch.Tensor) -> np.ndarray:
    return painted[0].permute(1, 2, 0).numpy() * 255


def steady(stylizer: vidstyle.Stylizer, frames: np.ndarray, numbers: Iterable[int]) -> dict[int, np.ndarray]:
    """What one clip gives, frame after frame; number -> (H, W, 3) in [0, 255]."""
    memory, code = vidstyle.ClipMemory(), stylizer.encode_style("waves")
    return {n: codes(stylizer(tensor(frames[n]), code, memory, n)) for n in numbers}


def same(painted: np.ndarray | None, expected: np.ndarray) -> bool:
    """But for rounding."""
    return painted is not None and bool(np.abs(painted[..., :3] - expected).max() <= 0.51)


@pytest.mark.parametrize("format", [RGBA, BGRA])
@pytest.mark.parametrize(
    "acts", [{}, {"strength": 0.3}, {"keep_color": 1}, {"strength": 0.6, "keep_color": 1}], ids=str
)
def test_a_frame_is_painted_in_place(engine, stylizer, frames, format: int, acts: dict) -> None:
    client, order = Client(engine.socket), [0, 1, 2, 3] if format == RGBA else [2, 1, 0, 3]
    client.open(64, 48, format)
    assert client.paint(frames[0][..., order], 0) is None
    client.set(style="waves", temporal="off", **acts)
    painted = client.paint(frames[0][..., order], 1)
    assert painted is not None
    code = stylizer.encode_style("waves", **acts)
    assert same(painted[..., order], codes(stylizer(tensor(frames[0]), code)))
    assert (painted[..., 3] == frames[0][..., 3]).all()


def test_a_clip_is_steady_and_a_seek_begins_anew(engine, stylizer, frames) -> None:
    client = Client(engine.socket)
    client.open(64, 48)
    client.set(style="waves")
    expected, alone = steady(stylizer, frames, range(6)), {n: steady(stylizer, frames, [n])[n] for n in (3, 5, 9)}
    assert not same(expected[3], alone[3])
    for n in range(4):
        assert same(client.paint(frames[n], n), expected[n]), n
    assert same(client.paint(frames[9], 9), alone[9])
    assert same(client.paint(frames[3], 3), alone[3])
    assert same(client.paint(frames[5], 4, flags=1), alone[5])
    # Another size, and back: numbers go on, but there is nothing to go on from.
    client.open(32, 48)
    assert client.paint(frames[4][:, :32], 5) is not None
    client.open(64, 48)
    assert same(client.paint(frames[5], 6), alone[5])


def test_strength_may_change_with_every_frame_and_another_style_does_not_shine_through(
    engine, stylizer, frames
) -> None:
    client = Client(engine.socket)
    client.open(64, 48)
    client.set(style="glass")
    client.paint(frames[0], 0)
    client.set(style="waves")
    expected = steady(stylizer, frames, range(1, 5))
    assert same(client.paint(frames[1], 1), expected[1])
    for n, strength in ((2, 0.25), (3, 0.75)):
        client.set(strength=strength)
        blended = (1 - strength) * frames[n][..., :3] + strength * expected[n]
        assert same(client.paint(frames[n], n), blended), n
    client.set(strength=1)
    assert same(client.paint(frames[4], 4), expected[4])


def test_everything_may_be_sent_at_once_and_is_done_in_order(engine, frames) -> None:
    client, size = Client(engine.socket, greet=False), 64 * 48 * 4
    opening = header(OPEN, struct.pack("=IIBBBBIQ", 64, 48, RGBA, 0, 0, 2, size, 0))
    messages = [hello(), header(SET, b"style=noise"), opening, header(FRAME, slot=1, number=7)]
    messages += [header(SET, f"style={engine.home}/noise.png\n".encode()), header(FRAME, slot=0, number=8)]
    messages += [header(SET, b"strength=0"), header(FRAME, slot=1, number=9), header(SET, b"strength=0.5")]
    messages += [header(FRAME, slot=0, number=10)]
    socket.send_fds(client.socket, [b"".join(messages)], [memfd(2 * size)])
    answers = [client.answer() for _ in range(7)]
    assert [kind for kind, *_ in answers] == [WELCOME, NOTE, OPENED, DONE, DONE, DONE, DONE]
    assert b"no style noise" in answers[1][4]
    assert [answer[1:4] for answer in answers[3:]] == [(1, 0, 7), (0, 1, 8), (1, 0, 9), (0, 1, 10)]


def test_what_cannot_be_done_is_told_once_and_frames_pass(engine, frames, tmp_path) -> None:
    outside, link = tmp_path / "outside.png", engine.home / "link.png"
    outside.write_bytes((engine.home / "noise.png").read_bytes())
    link.symlink_to(outside)
    (engine.home / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    client = Client(engine.socket)
    client.open(64, 48)
    wrong = {
        str(outside): "outside the folders",
        str(link): "outside the folders",
        f"{engine.home}/../{outside.parent.name}/outside.png": "outside the folders",
        "dcgan@/etc/passwd:3": "outside the folders",
        f"{engine.home}/broken.png": "not a picture",
        str(engine.home): "no picture",
        "noise.png": "no style",
        "wave": "did you mean waves",
        "waves:-1": "negative",
        "\t".join(["waves:0.5"] * 17): "17 pictures",
    }
    for number, (style, why) in enumerate(wrong.items()):
        for _ in range(2):
            client.set(style=style)
            assert client.paint(frames[0], number) is None
        assert len(client.notes) == number + 1
        assert why in client.notes[-1], style
    client.notes.clear()
    client.set(temporal="best", strength="nan", keep_color="yes", colour="red")
    client.set(style=f"waves:0.7\t{engine.home}/noise.png:0.3")
    assert client.paint(frames[0], 100) is not None
    for word in ("best", "nan", "yes", "colour"):
        assert sum(word in note for note in client.notes) == 1
    assert len(client.notes) == 4


def test_two_clients_are_painted_side_by_side(engine, stylizer, frames) -> None:
    clients = [Client(engine.socket) for _ in range(2)]
    for client in clients:
        client.open(64, 48)
        client.set(style="waves")
    expected = steady(stylizer, frames, range(6))
    for n in range(6):
        for client in clients:
            client.slots[0][:] = frames[n].reshape(-1)
            client.ask(n)
        for client in clients:
            assert client.done() == (0, n, True)
            assert same(client.slots[0].reshape(48, 64, 4), expected[n])


def test_a_clip_over_four_connections_is_painted_by_number(engine, stylizer, frames) -> None:
    clients = [Client(engine.socket) for _ in range(4)]
    for client in clients:
        client.open(64, 48, stream=77)
        client.set(style="waves")
    expected = steady(stylizer, frames, range(12))
    assert same(clients[0].paint(frames[0], 0), expected[0])
    shuffled = random.Random(0)
    for first in (1, 5):
        numbers = list(range(first, first + 4))
        shuffled.shuffle(numbers)
        for n in numbers:
            clients[n % 4].slots[0][:] = frames[n].reshape(-1)
        for n in numbers:
            clients[n % 4].ask(n)
        for n in numbers:
            assert clients[n % 4].done() == (0, n, True)
            assert same(clients[n % 4].slots[0].reshape(48, 64, 4), expected[n]), n


def test_a_frame_of_a_shared_clip_waits_for_the_one_before_a_quarter_of_a_second(engine, stylizer, frames) -> None:
    early, late = Client(engine.socket), Client(engine.socket)
    for client in (early, late):
        client.open(64, 48, stream=78)
        client.set(style="waves")
    assert early.paint(frames[0], 0) is not None
    assert late.paint(frames[1], 1) is not None
    began = time.monotonic()
    beyond = steady(stylizer, frames, [3, 4])
    assert same(early.paint(frames[3], 3), beyond[3])
    assert time.monotonic() - began >= 0.24
    # Too late for its place; those after it go on as if it had never come.
    assert same(late.paint(frames[2], 2), steady(stylizer, frames, [2])[2])
    assert same(early.paint(frames[4], 4), beyond[4])
    # Nobody is left to be waited for.
    late.close()
    assert early.paint(frames[9], 9) is not None


def test_cheap_frames_of_a_shared_clip_do_not_wait(engine, frames) -> None:
    clients = [Client(engine.socket) for _ in range(2)]
    for client in clients:
        client.open(64, 48, stream=79)
    for n in (5, 2, 9):
        assert clients[n % 2].paint(frames[n], n) is None
