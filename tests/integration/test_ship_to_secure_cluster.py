"""`logsluice ship --to https://…` where the cluster's certificate is of an authority that this machine doesn't know."""

from __future__ import annotations

from pathlib import Path

from tests.end_to_end.program import run
from tests.parts.opensearch import SecureOpenSearch


def test_the_authority_of_a_cluster_is_named_by_ca_file(secure_opensearch: SecureOpenSearch, tmp_path: Path) -> None:
    node = secure_opensearch
    (tmp_path / "app.log").write_text("one\ntwo\n")
    to = f"{node.url.replace('https://', f'https://{node.user}:{node.password}@')}/shipped-by-ca-file"
    refused = run("ship", "app.log", "--format", "lines", "--to", to, cwd=tmp_path)
    assert refused.returncode == 1
    assert "can't be trusted" in refused.stderr
    assert node.password not in refused.stderr.replace(node.user, "")
    done = run("ship", "app.log", "--format", "lines", "--to", to, "--ca-file", str(node.ca_file), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = node.documents("shipped-by-ca-file").values()
    assert sorted(document["message"] for document in found) == ["one", "two"]
