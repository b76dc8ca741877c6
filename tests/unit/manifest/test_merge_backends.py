"""Which way of merging a manifest chooses, and what is known of it."""

from __future__ import annotations

from renderjob.api.merge import MergeSpec
from renderjob.api.merge_backends import BACKENDS, backend_of


def test_each_way_to_merge_is_chosen_by_a_field_of_its_own():
    assert set(BACKENDS) <= set(MergeSpec.model_fields)


def test_the_built_in_merge_is_ours_and_is_tried_with_the_first_frames():
    found = backend_of(MergeSpec.model_validate({"ffmpeg": {"file": "all.mp4"}}))
    assert found is not None
    assert (found.file, found.ours, found.tried_early) == ("all.mp4", True, True)


def test_of_a_users_own_pod_only_the_file_is_known():
    template = {"spec": {"containers": [{"name": "m", "image": "i", "command": ["join"]}]}}
    found = backend_of(MergeSpec.model_validate({"template": template, "output": "/out/all.mov"}))
    assert found is not None
    assert (found.file, found.ours, found.tried_early) == ("/out/all.mov", False, False)


def test_it_says_what_it_does_and_how_fast_its_film_is():
    built_in = backend_of(
        MergeSpec.model_validate({"ffmpeg": {"file": "all.mp4", "fps": "25", "layer": "RGB"}})
    )
    assert built_in is not None
    assert (built_in.words, built_in.rate, built_in.layer) == ("encoded as h264 into all.mp4", "25", "RGB")
    copied = backend_of(MergeSpec.model_validate({"ffmpeg": {"file": "all.mkv", "codec": "copy"}}))
    assert copied is not None
    assert copied.words == "joined without encoding again into all.mkv"


def test_without_a_merge_there_is_none():
    assert backend_of(None) is None
