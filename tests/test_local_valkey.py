"""The embedded Valkey asks for a password and listens on loopback alone."""

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from config.local import embedded_services
from config.local.processes import find_marked
from config.local.state import State
from tests.support.embedded_services import elsewhere, state

__all__ = ["elsewhere", "state"]
pytestmark = pytest.mark.slow


def test_valkey_wants_the_password_and_listens_on_loopback(state: State) -> None:
    server = embedded_services.make_valkey(state)
    server.start()
    url = server.environment["VALKEY_URL"]
    with redis.Redis.from_url(url) as client:
        assert client.ping()
        assert client.config_get("bind") == {"bind": "127.0.0.1"}
    with (
        redis.Redis(port=server.port, retry=Retry(NoBackoff(), 0)) as stranger,
        pytest.raises(redis.AuthenticationError),
    ):
        stranger.ping()
    server.stop()
    assert not find_marked(state.mark)
