import pytest

from edge_agent.addresses import broker_of
from edge_agent.cli.toml import as_toml
from edge_agent.config import pace_of
from edge_agent.configfile import as_tables, config_path, load_config, parse_config
from edge_agent.errors import ConfigError

LEAST = '[site]\nid = "alpha"\n[upload]\ncollector_url = "https://c.example"\n'


def test_two_keys_are_enough():
    config = parse_config(LEAST)
    assert config.mqtt.url == "mqtt://127.0.0.1:1883"
    assert config.upload.profile == "realtime"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("[mqtt]\nurll = 1", "mqtt.urll is not a known key; did you mean url?"),
        ("[mqqt]\nurl = 1", "mqqt is not a known key; did you mean mqtt?"),
        (
            "[buffer]\nmax_megabytes = 1",
            "buffer.max_megabytes is 1; expected a whole number of at least 8",
        ),
        ("[buffer]\npath = 3", "buffer.path is 3; expected a file's path"),
        (
            "[mqtt]\nurl = 'http://x'",
            "mqtt.url is 'http://x'; allowed is mqtt://host:port or mqtts://host:port",
        ),
        ("[mqtt]\npassword_file = '/x'", "mqtt.password_file is set without mqtt.username"),
        ("[panels]\nmodle = 'x'", "panels.modle is not a known key; did you mean model?"),
        ("[panels.P1]\nrated_watts = -3", "panels.P1.rated_watts is -3; expected a number above 0"),
        ("[panels.'a b']\ngroup = 'x'", "panels.'a b' is no panel id"),
        ("[panels]\npossible = {voltage_volts = [1]}", "panels.possible.voltage_volts is [1]"),
        ("[panels.P1]\nnominal = {voltage_volts = [9, 1]}", "voltage_volts is 9 to 1"),
        ("[panels]\npossible = {voltage_volts = [nan, 1]}", "panels.possible is"),
        ("[panels.models.M]\nnominal = {current_amperes = [2, 1]}", "panels.models.M.nominal is"),
        ("[mqtt]\nurl = 'mqtt://a..b'", "mqtt.url is 'mqtt://a..b': its host is 'a..b'"),
        ("[mqtt]\nurl = 'mqtt://h:99999'", "mqtt.url is 'mqtt://h:99999'"),
        ("[detect]\nnonsense = 1", "detect.nonsense is not a known key"),
        (
            "[mqtt]\nreadings_topic = 'sensors/{panel}/readings'",
            "mqtt.readings_topic is 'sensors/{panel}/readings'; allowed is a topic of which one",
        ),
        ("[mqtt]\nreadings_topic = 'a/#/b'", "mqtt.readings_topic is 'a/#/b'; allowed is"),
        ("[mqtt]\nreadings_topic = 'a/p{panel_id}'", "mqtt.readings_topic is 'a/p{panel_id}'"),
        (
            "[mqtt]\nweather_topic = 'w/{panel_id}'",
            "mqtt.weather_topic is 'w/{panel_id}'; allowed is a topic without wildcards",
        ),
        (
            "[mqtt]\nweather_topic = 'site/meter'",
            "mqtt.weather_topic and mqtt.meter_topic are both 'site/meter'; allowed are different",
        ),
        (
            "[mqtt]\nreadings_topic = 'site/meter'",
            "mqtt.meter_topic and mqtt.readings_topic are both 'site/meter'",
        ),
        (
            "[panels]\npossible = {voltage_volts = [0, 40]}\nnominal = {voltage_volts = [0, 60]}",
            "is 0 to 60; allowed is what lies within possible.voltage_volts, 0 to 40",
        ),
        (
            """
            [panels]
            possible = {voltage_volts = [0, 40]}
            [panels.models.M]
            nominal = {voltage_volts = [0, 60]}
            """,
            "panels.models.M.nominal.voltage_volts is 0 to 60",
        ),
        (
            """
            [panels.models.M]
            nominal = {voltage_volts = [0, 60]}
            [panels.P1]
            model = "M"
            possible = {voltage_volts = [5, 90]}
            """,
            "panels.P1.nominal.voltage_volts is 0 to 60",
        ),
        ("[mqtt]\nusername = 7", "mqtt.username is 7; expected a text"),
        ("[mqtt.url]", "mqtt.url is {}; expected a text"),
        ("[panels]\nlatitude = true", "panels.latitude is True; expected a number"),
    ],
)
def test_a_complaint_names_key_value_and_what_is_allowed(more, said):
    with pytest.raises(ConfigError) as error:
        parse_config(f"{LEAST}{more}\n")
    assert said in str(error.value)


def test_a_choice_names_the_choices():
    with pytest.raises(ConfigError, match="allowed are realtime, balanced, metered"):
        parse_config(LEAST + 'profile = "fast"\n')


def test_a_missing_key_is_named():
    with pytest.raises(ConfigError, match=r"site\.id is missing"):
        parse_config('[site]\n[upload]\ncollector_url = "https://c.example"\n')


def test_an_unknown_timezone_is_refused():
    with pytest.raises(ConfigError, match=r"site\.timezone is 'Mars/Base'"):
        parse_config(LEAST.replace("[upload]", 'timezone = "Mars/Base"\n[upload]'))


@pytest.mark.parametrize("url", ["http://h:port", "http://[::1", "http://[x]", "http://:80"])
def test_an_address_that_nobody_can_dial_is_refused(url):
    with pytest.raises(ConfigError, match=r"upload\.collector_url is 'http://"):
        parse_config(LEAST.replace("https://c.example", url))


@pytest.mark.parametrize(
    "url",
    [
        "http://u:pwsecret@127.0.0.1:18471/",
        "http://u:pwsecret/with@slashes@h",
        "http://u:pwsecret#with@hash",
        "u:pwsecret@h",
        "http://u:pwsecret with a blank@h",
    ],
)
def test_a_password_in_an_address_is_refused_and_not_repeated(url):
    with pytest.raises(ConfigError, match=r"upload\.collector_url") as error:
        parse_config(LEAST.replace("https://c.example", url))
    assert "pwsecret" not in str(error.value)
    with pytest.raises(ConfigError, match=r"mqtt\.url") as error:
        parse_config(f"{LEAST}[mqtt]\nurl = '{url.replace('http', 'mqtt')}'\n")
    assert "pwsecret" not in str(error.value)


def test_a_password_in_an_address_is_told_where_it_belongs():
    with pytest.raises(ConfigError, match=r"password to mqtt\.password_file"):
        parse_config(f"{LEAST}[mqtt]\nurl = 'mqtt://u:p@h:1883'\n")
    with pytest.raises(ConfigError, match="neither: it knows this gateway by the key"):
        parse_config(LEAST.replace("//", "//u:p@"))


@pytest.mark.parametrize(
    "url", ["http://[::1]:80/x", "https://xn--mnchen-3ya.de", "http://10.0.0.1"]
)
def test_addresses_of_all_kinds_are_taken(url):
    assert parse_config(LEAST.replace("https://c.example", url)).upload.collector_url == url


def test_a_possible_range_may_be_narrower_than_a_nominal_one_that_nobody_set():
    config = parse_config(f"{LEAST}[panels]\npossible = {{voltage_volts = [0, 40]}}\n")
    assert config.panels.defaults.possible.voltage_volts == (0, 40)


def test_there_may_be_neither_a_weather_station_nor_a_meter():
    config = parse_config(f"{LEAST}[mqtt]\nweather_topic = ''\nmeter_topic = ''\n")
    assert config.mqtt.weather_topic == config.mqtt.meter_topic


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            f'{LEAST}profile = "realtime"\nprofile = "metered"\n',
            "profile is given twice; the second",
        ),
        (f"{LEAST}[mqtt]\n[mqtt]\n", "[mqtt] is given twice; the second time in line 6"),
        (f"{LEAST}profile = realtime\n", "not TOML: Invalid value (at line 5"),
    ],
)
def test_what_is_no_good_toml_is_told_with_its_line(text, said):
    with pytest.raises(ConfigError) as error:
        parse_config(text)
    assert said in str(error.value)


def test_a_file_that_notepad_saved_is_read(tmp_path):
    path = tmp_path / "edge.toml"
    path.write_text(LEAST, "utf-8-sig", newline="\r\n")
    assert load_config(path) == parse_config(LEAST)


def test_text_that_is_not_utf_8_is_told_with_its_line(tmp_path):
    path = tmp_path / "edge.toml"
    path.write_bytes(f'{LEAST}[mqtt]\nusername = "Müller"\n'.encode("latin-1"))
    with pytest.raises(ConfigError, match="line 6 is not UTF-8 text"):
        load_config(path)


def test_a_secret_file_that_is_not_there_is_named_once():
    config = parse_config(f"{LEAST}[mqtt]\nusername = 'u'\npassword_file = '/nonexistent'\n")
    with pytest.raises(ConfigError) as error:
        broker_of(config)
    assert str(error.value) == (
        "mqtt.password_file: cannot read /nonexistent: No such file or directory"
    )


def test_a_missing_file_says_how_to_get_one(tmp_path):
    with pytest.raises(ConfigError, match="edge-agent init"):
        load_config(tmp_path / "none.toml")


def test_the_option_goes_before_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("HELIOGRAPH_EDGE_CONFIG", "/from/environment.toml")
    assert config_path(tmp_path) == tmp_path
    assert str(config_path(None)) == "/from/environment.toml"


def test_the_effective_configuration_reads_back_as_itself():
    config = parse_config(
        LEAST + '[panels]\nmodel = "M"\n[panels.models.M]\nnominal = {voltage_volts = [0, 90]}\n'
        '[panels."P.1"]\ngroup = "west \\"roof\\""\n'
    )
    assert parse_config(as_toml(as_tables(config))) == config


def test_a_linger_of_ones_own_goes_before_the_profile():
    assert pace_of(parse_config(LEAST + "linger_seconds = 3\n").upload).linger_seconds == 3
    metered = pace_of(parse_config(LEAST + 'profile = "metered"\n').upload)
    assert metered.linger_seconds == 10
    assert metered.flush_messages < metered.receive_maximum


def test_a_flush_gathers_longer_the_longer_the_collector_is_away():
    pace = pace_of(parse_config(LEAST).upload)
    lingers = [pace.linger_of(seconds) for seconds in (None, 0.0, 4.0, 1_000.0)]
    assert lingers == [0.01, 0.5, 2.0, 10.0]
