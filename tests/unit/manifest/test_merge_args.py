"""merge.ffmpeg.args: what is joined with the merge's own options, and what is refused when a manifest is read."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from renderjob.api.ffmpeg_args import parse_args
from renderjob.api.merge import FFmpegMerge


def read(*args: str, codec: str = "h264", file: str = "o.mp4"):
    FFmpegMerge(file=file, codec=codec, args=list(args))
    return parse_args(args, codec=codec, file=file)


def refused(*args: str, codec: str = "h264", file: str = "o.mp4") -> str:
    with pytest.raises(ValidationError) as caught:
        FFmpegMerge(file=file, codec=codec, args=list(args))
    [problem] = caught.value.errors()
    return problem["msg"]


@pytest.mark.parametrize("word", ["-vf", "-filter:v", "-filter:v:0"])
def test_filters_are_taken_out_to_be_chained(word):
    options = read(word, "scale=32:-2,hflip", "-crf", "20")
    assert options.chain is not None
    assert [each.name for each in options.chain.filters] == ["scale", "hflip"]
    assert options.rest == ("-crf", "20")


def test_a_size_is_a_filter_and_several_chains_are_one():
    options = read("-vf", "hflip", "-s", "640x360", "-filter:v", "vflip")
    assert options.chain is not None
    assert options.chain.text == "hflip,scale=s=640x360,vflip"


def test_commas_that_are_quoted_escaped_or_in_labels_cut_no_filter():
    chain = read("-vf", r"drawtext=text='a,b;c':x=1,lutrgb=r=min(val\,9),split[a,b][c];[a,b][c]overlay").chain
    assert chain is not None
    assert [each.name for each in chain.filters] == ["drawtext", "lutrgb", "split", "overlay"]


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (("-pix_fmt", "yuv420p10le"), "yuv420p10le"),
        (("-vf", "hflip,format=yuv444p"), "yuv444p"),
        (("-vf", "format=pix_fmts=yuv444p|yuv420p"), "yuv444p"),
        (("-profile:v", "high10"), "yuv420p10le"),
        (("-crf", "1"), ""),
    ],
)
def test_the_pixel_format_asked_for(args, expected):
    assert read(*args).pixel_format == expected


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("second.mp4",), "'second.mp4' is no option: ffmpeg would write a second file"),
        (("-crf", "18", "second.mp4"), "'second.mp4' after '18' is no option"),
        (("-crf 18",), "two words in one"),
        (("-crf",), "-crf has no value"),
        (("-i", "b.mov"), "-i speaks of inputs"),
        (("-map", "0"), "-map speaks of inputs"),
        (("-filter_complex", "[0]hflip"), "write it as -vf"),
        (("-vf", "[in]hflip[out]"), "begins or ends with a label"),
        (("-vf", "hflip,,vflip"), "has an empty filter"),
        (("-vf", "fps=30"), "has the filter fps, which would change which frames"),
        (("-filter:v", "hflip,select='not(mod(n,2))'"), "has the filter select"),
        (("-/vf", "chain.txt"), "takes its value from a file"),
        (("-y",), "-y is for the merge to set"),
        (("-ss", "3"), "-ss would change which frames"),
        (("-frames:v", "3"), "-frames:v would change which frames"),
        (("-r", "30"), "-r is what fps says: set that instead"),
        (("-f", "mov"), "contradicts file o.mp4"),
        (("-c:v", "libx265"), "contradicts codec h264 (libx264): set codec instead"),
        (("-vcodec", "copy"), "contradicts codec h264"),
        (("-pix_fmt", "yuva420p"), "is none that codec h264 takes: yuv420p, "),
        (("-b:v:1", "2M"), "names a stream that the video may not have"),
        (("-color_trc", "smpte2084"), "would only be a label"),
        (("-passlogfile", "x"), "would write a file of its own"),
    ],
)
def test_what_can_not_be_joined_is_refused(args, words):
    assert words in refused(*args)
    assert "args: " in refused(*args)


@pytest.mark.parametrize(
    ("args", "codec", "file", "words"),
    [
        (("-vf", "hflip"), "copy", "o.mov", "codec copy encodes nothing; set codec to h264"),
        (("-pix_fmt", "yuv420p"), "copy", "o.mov", "codec copy encodes nothing"),
        (("-c:a", "aac"), "copy", "o.mov", "codec copy encodes nothing"),
        (("-pix_fmt", "yuva420p"), "vp9", "o.mp4", "has alpha, which codec vp9 keeps only in .webm, .mkv"),
        (("-profile:v", "3", "-pix_fmt", "yuva444p10le"), "prores", "o.mov", "wants profile 4 or 5"),
        (("-profile:v", "4", "-pix_fmt", "yuv422p10le"), "prores", "o.mov", "wants profile 0 to 3"),
    ],
)
def test_what_a_codec_or_its_container_can_not_do_is_refused(args, codec, file, words):
    assert words in refused(*args, codec=codec, file=file)


def test_what_says_the_same_as_the_manifest_is_no_contradiction():
    assert read("-c:v", "libx264", "-f", "mp4").rest == ()
    assert read("-c", "copy", codec="copy", file="o.mov").rest == ()


def test_colours_that_a_users_filters_make_may_be_tagged():
    options = read("-vf", "zscale=t=smpte2084:p=2020:m=2020_ncl", "-color_trc", "smpte2084")
    assert options.sets_colours
    assert options.colours == {"color_trc": "smpte2084"}


def test_a_rate_of_ones_own_is_known_for_one():
    assert read("-b:v", "2M").rates
    assert not read("-preset", "fast").rates
