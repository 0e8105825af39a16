"""`edge-agent model`, as a person runs it on a gateway that the collector has offered nothing."""

from typer.testing import CliRunner

from edge_agent.cli.commands import app


def test_giving_up_the_shipped_model_says_so_and_how_to_undo_it(tmp_path):
    config = tmp_path / "edge.toml"
    config.write_text(
        '[site]\nid = "a"\n[upload]\ncollector_url = "https://c.example"\n'
        f'[buffer]\npath = "{tmp_path}/outbox.db"\n[identity]\npath = "{tmp_path}/identity.pem"\n'
    )

    def model(*words):
        return CliRunner().invoke(app, ["model", *words, "--config", str(config)])

    told = model("rollback").output
    assert "shipped is given up (`edge-agent model use shipped` undoes it), rules alone are" in told
    assert "shipped is to be used" in model("use", "shipped").output
