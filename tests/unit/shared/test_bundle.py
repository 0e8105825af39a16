import io
import os

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.bundle import Bundle, Header, write_bundle
from shared.errors import InvalidBundleError

KEY = Ed25519PrivateKey.generate()
SEGMENTS = [b"first", os.urandom(70_000), b"last"]


def header(segments=3):
    return Header(
        gateway_id="gw-1", site="alpha", created_us=1, segments=segments, rows=9, readings=5
    )


@pytest.fixture
def written():
    file = io.BytesIO()
    write_bundle(file, header=header(), segments=iter(SEGMENTS), key=KEY)
    return file.getvalue()


def test_a_bundle_gives_back_what_was_written(written):
    bundle = Bundle(io.BytesIO(written))
    seen, read = [], []

    bundle.verify(KEY.public_key(), progress=seen.append)

    assert list(bundle.segments(progress=read.append)) == SEGMENTS
    assert bundle.header == header()
    assert sum(seen) == bundle.size_bytes == len(written) - 96
    assert sum(read) == sum(4 + len(data) for data in SEGMENTS)


def test_a_bundle_of_nothing_is_a_bundle():
    file = io.BytesIO()
    write_bundle(file, header=header(0), segments=[], key=KEY)
    bundle = Bundle(file)
    bundle.verify(KEY.public_key())
    assert list(bundle.segments()) == []


def test_another_key_does_not_verify(written):
    with pytest.raises(InvalidBundleError, match=r"not signed by the key of gateway 'gw-1'"):
        Bundle(io.BytesIO(written)).verify(Ed25519PrivateKey.generate().public_key())


def test_no_byte_can_be_changed(written):
    places = [*range(120), *range(120, len(written) - 200, 997)]
    for at in [*places, *range(len(written) - 200, len(written))]:
        changed = bytearray(written)
        changed[at] ^= 0x10
        with pytest.raises(InvalidBundleError):
            Bundle(io.BytesIO(bytes(changed))).verify(KEY.public_key())


def test_no_end_can_be_cut_off_nor_added(written):
    for end in [*range(300), *range(300, len(written), 1009), len(written) - 1]:
        with pytest.raises(InvalidBundleError):
            Bundle(io.BytesIO(written[:end])).verify(KEY.public_key())
    with pytest.raises(InvalidBundleError):
        Bundle(io.BytesIO(written + b"\0")).verify(KEY.public_key())


def test_a_file_that_is_changed_after_it_was_verified_is_noticed(written):
    file = io.BytesIO(written)
    bundle = Bundle(file)
    bundle.verify(KEY.public_key())
    file.seek(50_000)
    file.write(b"other")
    given = []
    with pytest.raises(InvalidBundleError, match="changed while it was read"):
        given.extend(bundle.segments())
    assert set(given) <= set(SEGMENTS), "nothing is given that is not as it was verified"


def test_segments_over_many_chunks_come_back_whole():
    segments = [os.urandom(size) for size in (1, 3_000_000, 1_048_576, 5, 700_000)]
    file = io.BytesIO()
    write_bundle(file, header=header(5), segments=segments, key=KEY)
    bundle = Bundle(file)
    bundle.verify(KEY.public_key())
    assert list(bundle.segments()) == segments


def test_a_header_that_counts_wrongly_is_noticed():
    file = io.BytesIO()
    write_bundle(file, header=header(2), segments=SEGMENTS, key=KEY)
    bundle = Bundle(file)
    bundle.verify(KEY.public_key())
    with pytest.raises(InvalidBundleError):
        list(bundle.segments())


def test_a_bundle_of_a_later_version_is_refused_by_its_version(written):
    later = written[:9] + b"\x02" + written[10:]
    with pytest.raises(InvalidBundleError, match="is of version 2, allowed is 1"):
        Bundle(io.BytesIO(later))
