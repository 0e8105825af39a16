import pytest

from edge_agent.errors import IdentityError
from edge_agent.identity import IdentityFiles, exposed, load_or_make_key


def test_an_identity_one_may_not_look_for_is_a_sentence(tmp_path):
    path = tmp_path / ("x" * 300)  # even root gets an error for this one
    for look in (IdentityFiles(path).get, lambda: exposed(path), lambda: load_or_make_key(path)):
        with pytest.raises(IdentityError, match="xxx"):
            look()
