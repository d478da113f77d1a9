"""Small editions of every layout as it is downloaded, with what a scan must make of them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Counts = dict[str, tuple[int, int]]


@dataclass(frozen=True)
class LayoutTree:
    """Files below a data root and the truth about them."""

    name: str  # of the dataset
    layout: str
    top: str  # its outermost folder
    files: dict[str, str]
    real: int
    fake: int
    unlabelled: int = 0
    splits: Counts = field(default_factory=dict)  # split: (real, fake); none: all unassigned
    methods: dict[str, int] = field(default_factory=dict)
    published: tuple[int, int] | None = None
    groups: dict[str, set[str]] = field(default_factory=dict)  # end of a path: keys
    ignored: int = 0
    kinds: tuple[str, ...] = ("video",)
    ident: str = ""
    problems: tuple[str, ...] = ()  # words of each line that the scan writes about it


def media(*paths: str) -> dict[str, str]:
    return dict.fromkeys(paths, "x")


def build(root: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return root


FF = "FaceForensics++"
METHODS = ("Deepfakes", "Face2Face", "FaceSwap", "NeuralTextures")
# 071_054 is an official training pair, 000_003 a test pair.
OFFICIAL = media(
    *(f"{FF}/original_sequences/youtube/{c}/videos/{i}.mp4" for c in ("c23", "c40") for i in ("071", "000")),
    *(f"{FF}/manipulated_sequences/{m}/c23/videos/{p}.mp4" for m in METHODS for p in ("071_054", "054_071")),
    f"{FF}/manipulated_sequences/FaceShifter/c23/videos/000_003.mp4",
    f"{FF}/manipulated_sequences/Deepfakes/masks/videos/071_054.mp4",
    f"{FF}/downloaded_videos/abc.mp4",
)
DFD_OFFICIAL = media(
    f"{FF}/original_sequences/actors/c23/videos/01__outside_talking.mp4",
    f"{FF}/manipulated_sequences/DeepFakeDetection/c23/videos/01_11__outside_talking__LL4RUKZA.mp4",
    f"{FF}/manipulated_sequences/DeepFakeDetection/masks/videos/01_11__outside_talking__LL4RUKZA.mp4",
)
C23 = "FaceForensics++/FaceForensics++_C23"
FAV = "FakeAVCeleb/FakeAVCeleb_v1.2/FakeAVCeleb_v1.2"
FAV_HEADER = "source,target1,target2,method,category,type,race,gender,path,\n"
FAV_ROWS = (
    "id00076,-,-,real,A,RealVideo-RealAudio,African,men,00109.mp4,FakeAVCeleb/RealVideo-RealAudio/African/men/id00076\n"
    "id00076,-,-,rtvc,B,RealVideo-FakeAudio,African,men,00109_fake.mp4,FakeAVCeleb/RealVideo-FakeAudio/African/men/id00076\n"
    "id00076,id00476,-,faceswap,C,FakeVideo-RealAudio,African,men,00109_id00476_faceswap.mp4,FakeAVCeleb/FakeVideo-RealAudio/African/men/id00076\n"
    "id00076,id00476,-,wav2lip,D,FakeVideo-FakeAudio,African,men,00109_10_id00476_wavtolip.mp4,FakeAVCeleb/FakeVideo-FakeAudio/African/men/id00076\n"
)
RVF = "140k Real and Fake Faces/real_vs_fake/real-vs-fake"


def _lav(file: str, split: str, video: bool, audio: bool, original: str | None = None) -> dict[str, Any]:
    fake = video or audio
    return {
        "file": file,
        "n_fakes": int(fake),
        "fake_periods": [[1.5, 2.25]] if fake else [],
        "duration": 8.1,
        "original": original,
        "modify_video": video,
        "modify_audio": audio,
        "split": split,
        "video_frames": 200,
        "audio_channels": 1,
        "audio_frames": 128000,
    }


LAV = json.dumps(
    [
        _lav("train/000000.mp4", "train", False, False),
        _lav("train/000001.mp4", "train", True, False, "train/000000.mp4"),
        _lav("dev/000002.mp4", "dev", False, True, "dev/000003.mp4"),
        _lav("dev/000003.mp4", "dev", False, False),
        _lav("test/000004.mp4", "test", True, True, "test/000005.mp4"),
    ]
)


def _av(file: str, split: str, kind: str, original: str | None = None) -> dict[str, Any]:
    segments = [] if kind == "real" else [[0.5, 1.0]]
    row = {"file": file, "original": original, "split": split, "modify_type": kind, "audio_model": "vits"}
    return row | {"fake_segments": segments, "audio_fake_segments": [], "visual_fake_segments": []}


AV_TRAIN = json.dumps(
    [
        _av("id00001/abc/00001/real.mp4", "train", "real"),
        _av("id00001/abc/00001/fake_audio.mp4", "train", "audio_modified", "id00001/abc/00001/real.mp4"),
        _av("id00001/abc/00001/fake_both.mp4", "train", "both_modified", "id00001/abc/00001/real.mp4"),
    ]
)
AV_VAL = json.dumps(
    [_av("id00002/xyz/00001/fake.mp4", "val", "visual_modified", "id00002/xyz/00001/real.mp4")]
)
DFDC_0 = json.dumps(
    {
        "aagfhgtpmv.mp4": {"label": "FAKE", "split": "train", "original": "vudstovrck.mp4"},
        "vudstovrck.mp4": {"label": "REAL", "split": "train"},
    }
)
DFDC_1 = json.dumps({"bbb.mp4": {"label": "FAKE", "split": "train", "original": "vudstovrck.mp4"}})
PREVIEW = json.dumps(
    {
        "method_A/1224068/1224068_D/1354149_1224068_D_001.mp4": {"label": "fake", "set": "train"},
        "method_B/1354149/1354149_A/1224068_1354149_A_002.mp4": {"label": "fake", "set": "test"},
        "original_videos/1224068/1224068_D_001.mp4": {"label": "real", "set": "train"},
    }
)

TREES = [
    LayoutTree(
        FF,
        "faceforensics",
        FF,
        OFFICIAL,
        real=4,
        fake=9,
        splits={"train": (2, 8), "test": (2, 1)},
        methods=dict.fromkeys(METHODS, 2) | {"FaceShifter": 1},
        published=(1000, 5000),
        groups={
            "c23/videos/071.mp4": {"sequence:071"},
            "Deepfakes/c23/videos/071_054.mp4": {"sequence:071", "sequence:054"},
        },
        ignored=2,
        ident="FF++ official",
    ),
    LayoutTree(
        FF,
        "faceforensics",
        "FaceForensics++",
        media(
            f"{C23}/original/605.mp4",
            f"{C23}/original/606.mp4",
            *(f"{C23}/{m}/000_003.mp4" for m in (*METHODS, "FaceShifter")),
        )
        | {
            f"{C23}/csv/FF++_Metadata.csv": ",File Path,Label\n0,original/605.mp4,REAL\n1,Deepfakes/000_003.mp4,FAKE\n"
        },
        real=2,
        fake=5,
        splits={"train": (1, 0), "val": (1, 0), "test": (0, 5)},
        methods=dict.fromkeys((*METHODS, "FaceShifter"), 1),
        published=(1000, 5000),
        groups={
            "605.mp4": {"sequence:605", "youtube:605+606"},
            "606.mp4": {"sequence:606", "youtube:605+606"},
        },
        ident="FF++ C23",
    ),
    LayoutTree(
        "DeepFakeDetection",
        "dfd",
        FF,
        DFD_OFFICIAL,
        real=1,
        fake=1,
        methods={"DeepFakeDetection": 1},
        published=(363, 3068),
        groups={
            "01_11__outside_talking__LL4RUKZA.mp4": {"actor:01", "actor:11"},
            "01__outside_talking.mp4": {"actor:01"},
        },
        ignored=1,
        ident="DFD official",
    ),
    *(
        LayoutTree(
            "DeepFakeDetection",
            "dfd",
            top,
            media(
                f"{top}/{reals}/01__kitchen.mp4",
                f"{top}/DFD_manipulated_sequences/DFD_manipulated_sequences/01_02__kitchen__AAAAAAAA.mp4",
                f"{top}/DFD_manipulated_sequences/DFD_manipulated_sequences/02_01__kitchen__BBBBBBBB.mp4",
            ),
            real=1,
            fake=2,
            methods={"DeepFakeDetection": 2},
            published=(363, 3068),
            groups={"02_01__kitchen__BBBBBBBB.mp4": {"actor:02", "actor:01"}},
            ident=f"{top} {reals}",
        )
        for top, reals in (
            ("DFD", "DFD_original sequences"),
            ("DFF", "DFD_original sequences/DFD_original_sequences"),
        )
    ),
    LayoutTree(
        "dfd_faces",
        "dfd_faces",
        "dfd_faces",
        media(
            "dfd_faces/train/real/01__walking_outside/0001.png",
            "dfd_faces/train/fake/01_02__walking_outside__ABCDEFGH_0001.jpg",
            "dfd_faces/val/real/x.jpg",
            "dfd_faces/test/fake/y.jpg",
        ),
        real=2,
        fake=2,
        splits={"train": (1, 1), "val": (1, 0), "test": (0, 1)},
        methods={"DeepFakeDetection": 2},
        groups={
            "ABCDEFGH_0001.jpg": {"clip:01_02__walking_outside__ABCDEFGH", "actor:01", "actor:02"},
            "01__walking_outside/0001.png": {"clip:01__walking_outside", "actor:01"},
        },
        kinds=("image",),
    ),
    LayoutTree(
        "Celeb-DF-v2",
        "celeb-df",
        "Celeb-DF-v2",
        media(
            "Celeb-DF-v2/Celeb-real/id0_0000.mp4",
            "Celeb-DF-v2/Celeb-real/id1_0000.mp4",
            "Celeb-DF-v2/YouTube-real/00170.mp4",
            "Celeb-DF-v2/Celeb-synthesis/id0_id1_0000.mp4",
            "Celeb-DF-v2/Celeb-synthesis/id1_id0_0000.mp4",
        )
        | {
            "Celeb-DF-v2/List_of_testing_videos.txt": "1 YouTube-real/00170.mp4\n1 Celeb-real/id1_0000.mp4\n"
            "0 Celeb-synthesis/id1_id0_0000.mp4\n"
        },
        real=3,
        fake=2,
        splits={"test": (2, 1), "unassigned": (1, 1)},
        methods={"Celeb-synthesis": 2},
        published=(890, 5639),
        groups={"id0_id1_0000.mp4": {"person:id0", "person:id1"}, "Celeb-real/id1_0000.mp4": {"person:id1"}},
        ident="Celeb-DF v2",
    ),
    LayoutTree(
        "Celeb-DF-v1",
        "celeb-df",
        "Celeb-DF",
        media("Celeb-DF/Celeb-real/id0_0000.mp4", "Celeb-DF/Celeb-synthesis/id0_id1_0000.mp4"),
        real=1,
        fake=1,
        methods={"Celeb-synthesis": 1},
        published=(408, 795),
        ident="Celeb-DF v1",
    ),
    LayoutTree(
        "Celeb-DF-v2",
        "celeb-df",
        "Celeb V2",
        media(
            "Celeb V2/Celeb-Real/id0_0000.mp4",
            "Celeb V2/Celeb-Fake/id0_id1_0000.mp4",
            "Celeb V2/Celeb-Fake/id1_id0_0000.mp4",
            "Celeb V2/Testing/clip7.mp4",
        ),
        real=1,
        fake=2,
        unlabelled=1,
        methods={"Celeb-synthesis": 2},
        published=(493, 5582),
        ident="Celeb-DF three folders",
    ),
    LayoutTree(
        "DFDC",
        "dfdc",
        "dfdc",
        media(
            "dfdc/dfdc_train_part_00/dfdc_train_part_0/aagfhgtpmv.mp4",
            "dfdc/dfdc_train_part_00/dfdc_train_part_0/vudstovrck.mp4",
            "dfdc/dfdc_train_part_1/bbb.mp4",
            "dfdc/test_videos/unknown.mp4",
        )
        | {
            "dfdc/dfdc_train_part_00/dfdc_train_part_0/metadata.json": DFDC_0,
            "dfdc/dfdc_train_part_1/metadata.json": DFDC_1,
        },
        real=1,
        fake=2,
        unlabelled=1,
        splits={"train": (1, 2)},
        published=(19154, 100000),
        groups={
            "aagfhgtpmv.mp4": {"original:vudstovrck.mp4"},
            "vudstovrck.mp4": {"original:vudstovrck.mp4"},
            "bbb.mp4": {"original:vudstovrck.mp4"},
        },
    ),
    LayoutTree(
        "DFDC",
        "dfdc",
        "kaggle_dfdc",
        media(
            "kaggle_dfdc/train_sample_videos/aagfhgtpmv.mp4", "kaggle_dfdc/train_sample_videos/vudstovrck.mp4"
        )
        | {"kaggle_dfdc/train_sample_videos/metadata.json": DFDC_0},
        real=1,
        fake=1,
        splits={"train": (1, 1)},
        ident="DFDC sample",
    ),
    LayoutTree(
        "DFDC Preview",
        "dfdc-preview",
        "dfdc_preview",
        media(*(f"dfdc_preview/{path}" for path in json.loads(PREVIEW)))
        | {"dfdc_preview/dataset.json": PREVIEW},
        real=1,
        fake=2,
        splits={"train": (1, 1), "test": (0, 1)},
        methods={"method_A": 1, "method_B": 1},
        published=(1131, 4119),
        groups={"1354149_1224068_D_001.mp4": {"person:1354149", "person:1224068"}},
    ),
    LayoutTree(
        "FakeAVCeleb",
        "fakeavceleb",
        "FakeAVCeleb",
        media(
            f"{FAV}/RealVideo-RealAudio/African/men/id00076/00109.mp4",
            f"{FAV}/RealVideo-FakeAudio/African/men/id00076/00109_fake.mp4",
            f"{FAV}/FakeVideo-RealAudio/African/men/id00076/00109_id00476_faceswap.mp4",
            f"{FAV}/FakeVideo-FakeAudio/African/men/id00076/00109_10_id00476_wavtolip.mp4",
        )
        | {f"{FAV}/meta_data.csv": FAV_HEADER + FAV_ROWS},
        real=1,
        fake=3,
        methods={"rtvc": 1, "faceswap": 1, "wav2lip": 1},
        published=(500, 21044),
        groups={
            "00109_10_id00476_wavtolip.mp4": {"person:African/men/id00076", "person:African/men/id00476"}
        },
    ),
    LayoutTree(
        "FakeAVCeleb",
        "fakeavceleb",
        "FakeAVCeleb_flat",
        media(
            "FakeAVCeleb_flat/videos/00109.mp4",
            "FakeAVCeleb_flat/videos/00109_fake.mp4",
            "FakeAVCeleb_flat/videos/00109_id00476_faceswap.mp4",
            "FakeAVCeleb_flat/videos/00109_10_id00476_wavtolip.mp4",
        )
        | {"FakeAVCeleb_flat/meta_data.csv": FAV_HEADER + FAV_ROWS},
        real=1,
        fake=3,
        methods={"rtvc": 1, "faceswap": 1, "wav2lip": 1},
        published=(500, 21044),
        ident="FakeAVCeleb flat",
    ),
    LayoutTree(
        "FakeAVCeleb",
        "fakeavceleb",
        "FakeAVCeleb",
        media("FakeAVCeleb/videos/a.mp4", "FakeAVCeleb/videos/b.mp4"),
        real=0,
        fake=0,
        unlabelled=2,
        published=(500, 21044),
        ident="FakeAVCeleb flat without a list",
        problems=("meta_data.csv: is missing, so nothing has a label",),
    ),
    LayoutTree(
        "LAV-DF",
        "lav-df",
        "LAV-DF",
        media(*(f"LAV-DF/{row['file']}" for row in json.loads(LAV))) | {"LAV-DF/metadata.json": LAV},
        real=2,
        fake=3,
        splits={"train": (1, 1), "val": (1, 1), "test": (0, 1)},
        methods={"modify_video": 1, "modify_audio": 1, "modify_video+modify_audio": 1},
        published=(36431, 99873),
        groups={
            "train/000001.mp4": {"original:train/000000.mp4"},
            "train/000000.mp4": {"original:train/000000.mp4"},
        },
    ),
    LayoutTree(
        "AV-Deepfake1M",
        "av-deepfake1m",
        "AV-Deepfake1M",
        media(
            *(f"AV-Deepfake1M/train/{row['file']}" for row in json.loads(AV_TRAIN)),
            *(f"AV-Deepfake1M/val/{row['file']}" for row in json.loads(AV_VAL)),
            "AV-Deepfake1M/test/000000.mp4",
        )
        | {
            "AV-Deepfake1M/train_metadata.json": AV_TRAIN,
            "AV-Deepfake1M/val_metadata.json": AV_VAL,
            "AV-Deepfake1M/test_files.txt": "000000.mp4\n",
        },
        real=1,
        fake=3,
        unlabelled=1,
        splits={"train": (1, 2), "val": (0, 1)},
        methods={"audio_modified": 1, "both_modified": 1, "visual_modified": 1},
        published=(286721, 860039),
        groups={"fake_audio.mp4": {"original:id00001/abc/00001/real.mp4", "person:id00001"}},
    ),
    LayoutTree(
        "140k Real and Fake Faces",
        "140k",
        "140k Real and Fake Faces",
        media(
            *(f"{RVF}/{s}/real/{i}.jpg" for s in ("train", "valid", "test") for i in range(3)),
            *(f"{RVF}/{s}/fake/{i}.jpg" for s in ("train", "valid", "test") for i in range(3)),
        )
        | {
            f"140k Real and Fake Faces/{s}.csv": ",original_path,id,label,label_str,path\n"
            f"0,/k/1,0,1,real,{s}/real/0.jpg\n1,/k/2,0,0,fake,{s}/fake/0.jpg\n"
            for s in ("train", "valid", "test")
        },
        real=9,
        fake=9,
        splits={"train": (3, 3), "val": (3, 3), "test": (3, 3)},
        methods={"StyleGAN": 9},
        published=(70000, 70000),
        kinds=("image",),
    ),
    LayoutTree(
        "Deepfake and Real Images",
        "archive",
        "archive (2)",
        media(
            "archive (2)/Dataset/Train/Real/real_0.jpg",
            "archive (2)/Dataset/Train/Fake/fake_0.jpg",
            "archive (2)/Dataset/Validation/Real/real_1.jpg",
            "archive (2)/Dataset/Test/Fake/fake_1.jpg",
        ),
        real=2,
        fake=2,
        splits={"train": (1, 1), "val": (1, 0), "test": (0, 1)},
        kinds=("image",),
    ),
    LayoutTree(
        "Deepfake image detection dataset",
        "deepfake-image-detection",
        "Deepfake image detection dataset",
        media(
            "Deepfake image detection dataset/train-20250112T065955Z-001/train/real/1.jpg",
            "Deepfake image detection dataset/train-20250112T065955Z-001/train/fake/1.jpg",
            "Deepfake image detection dataset/test-20250112T065939Z-001/test/fake/1.jpg",
            "Deepfake image detection dataset/Sample_fake_images/Sample_fake_images/1.jpg",
        ),
        real=1,
        fake=3,
        splits={"train": (1, 1), "test": (0, 1), "unassigned": (0, 1)},
        kinds=("image",),
    ),
    LayoutTree(
        "Real and Fake Face Detection",
        "ciplab",
        "real_and_fake_face",
        media(
            "real_and_fake_face/training_real/real_00001.jpg",
            "real_and_fake_face/training_fake/easy_100_1111.jpg",
            "real_and_fake_face/training_fake/mid_3_0010.jpg",
        ),
        real=1,
        fake=2,
        published=(1081, 960),
        kinds=("image",),
    ),
    LayoutTree(
        "DEEP-VOICE",
        "deep-voice",
        "DeepFake_AudioDataset",
        media(
            "DeepFake_AudioDataset/KAGGLE/AUDIO/REAL/biden-original.wav",
            "DeepFake_AudioDataset/KAGGLE/AUDIO/FAKE/obama-to-biden.wav",
            "DeepFake_AudioDataset/KAGGLE/AUDIO/FAKE/biden-to-obama.wav",
            "DeepFake_AudioDataset/DEMONSTRATION/DEMONSTRATION/linus-original-DEMO.mp3",
            "DeepFake_AudioDataset/DEMONSTRATION/DEMONSTRATION/linus-to-musk-DEMO.mp3",
        )
        | {"DeepFake_AudioDataset/KAGGLE/DATASET-balanced.csv": "chroma_stft,LABEL\n0.3,FAKE\n0.2,REAL\n"},
        real=1,
        fake=2,
        unlabelled=2,
        methods={"RVC": 2},
        published=(8, 56),
        groups={
            "obama-to-biden.wav": {"speaker:obama", "speaker:biden"},
            "biden-original.wav": {"speaker:biden"},
            "linus-to-musk-DEMO.mp3": {"speaker:linus", "speaker:musk"},
        },
        kinds=("audio",),
    ),
    LayoutTree(
        "ASVspoof 2019 LA",
        "asvspoof2019-la",
        "LA",
        media(
            "LA/ASVspoof2019_LA_train/flac/LA_T_1138215.flac",
            "LA/ASVspoof2019_LA_train/flac/LA_T_1271820.flac",
            "LA/ASVspoof2019_LA_dev/flac/LA_D_1047731.flac",
            "LA/ASVspoof2019_LA_dev/flac/LA_D_A6977360.flac",
            "LA/ASVspoof2019_LA_eval/flac/LA_E_2834763.flac",
            "LA/ASVspoof2019_LA_asv_trials/flac/LA_E_1.flac",
        )
        | {
            "LA/ASVspoof2019_LA_cm_protocols/ASVspoof2019.LA.cm.train.trn.txt": "LA_0079 LA_T_1138215 - - bonafide\n"
            "LA_0079 LA_T_1271820 - A01 spoof\n",
            "LA/ASVspoof2019_LA_cm_protocols/ASVspoof2019.LA.cm.dev.trl.txt": "LA_0069 LA_D_1047731 - - bonafide\n",
            "LA/ASVspoof2019_LA_cm_protocols/ASVspoof2019.LA.cm.eval.trl.txt": "LA_0039 LA_E_2834763 - A11 spoof\n",
        },
        real=2,
        fake=2,
        splits={"train": (1, 1), "val": (1, 0), "test": (0, 1)},
        methods={"A01": 1, "A11": 1},
        published=(12483, 108978),
        groups={"LA_T_1271820.flac": {"speaker:LA_0079"}},
        ignored=1,
        kinds=("audio",),
    ),
    LayoutTree(
        "ASVspoof 2021 DF",
        "asvspoof2021-df",
        "asvspoof21",
        media(
            "asvspoof21/ASVspoof2021_DF_eval_part00/ASVspoof2021_DF_eval/flac/DF_E_2000011.flac",
            "asvspoof21/ASVspoof2021_DF_eval_part01/ASVspoof2021_DF_eval/flac/DF_E_2000013.flac",
        )
        | {
            "asvspoof21/keys/CM/trial_metadata.txt": "LA_0023 DF_E_2000011 nocodec asvspoof A14 spoof notrim progress traditional_vocoder - - - -\n"
            "TEF2 DF_E_2000013 low_m4a vcc2020 - bonafide notrim eval bonafide - - - -\n"
        },
        real=1,
        fake=1,
        splits={"test": (1, 1)},
        methods={"A14": 1},
        kinds=("audio",),
    ),
    LayoutTree(
        "In-the-Wild",
        "in-the-wild",
        "release_in_the_wild",
        media(*(f"release_in_the_wild/{i}.wav" for i in range(3)))
        | {
            "release_in_the_wild/meta.csv": "file,speaker,label\n0.wav,Alec Guinness,spoof\n"
            "1.wav,Alec Guinness,bona-fide\n2.wav,Barack Obama,bona-fide\n"
        },
        real=2,
        fake=1,
        published=(19963, 11816),
        groups={"0.wav": {"speaker:Alec Guinness"}},
        kinds=("audio",),
    ),
    LayoutTree(
        "WaveFake",
        "wavefake",
        "WaveFake",
        media(
            "WaveFake/generated_audio/ljspeech_melgan/LJ008-0217_gen.wav",
            "WaveFake/generated_audio/ljspeech_hifiGAN/LJ008-0217_generated.wav",
            "WaveFake/generated_audio/jsut_parallel_wavegan/BASIC5000_0001_gen.wav",
        ),
        real=0,
        fake=3,
        methods={"ljspeech_melgan": 1, "ljspeech_hifiGAN": 1, "jsut_parallel_wavegan": 1},
        published=(0, 117985),
        groups={
            "LJ008-0217_gen.wav": {"utterance:LJ008-0217"},
            "LJ008-0217_generated.wav": {"utterance:LJ008-0217"},
            "BASIC5000_0001_gen.wav": {"utterance:BASIC5000_0001"},
        },
        kinds=("audio",),
    ),
    LayoutTree(
        "WaveFake",
        "wavefake",
        "waves",
        media(
            "waves/generated_audio/ljspeech_melgan/LJ008-0217_gen.wav",
            "waves/LJSpeech-1.1/wavs/LJ008-0217.wav",
            "waves/jsut_ver1.1/basic5000/wav/BASIC5000_0001.wav",
        ),
        real=2,
        fake=1,
        methods={"ljspeech_melgan": 1},
        published=(0, 117985),
        groups={"wavs/LJ008-0217.wav": {"utterance:LJ008-0217"}},
        kinds=("audio",),
        ident="WaveFake with reals",
    ),
    LayoutTree(
        "FoR",
        "for",
        "The Fake-or-Real (FoR) Dataset (deepfake audio)",
        media(
            "The Fake-or-Real (FoR) Dataset (deepfake audio)/for-norm/for-norm/training/real/file1.wav_16k.wav",
            "The Fake-or-Real (FoR) Dataset (deepfake audio)/for-norm/for-norm/validation/fake/file2.mp3.wav",
            "The Fake-or-Real (FoR) Dataset (deepfake audio)/for-2sec/for-2seconds/training/real/file1.wav_16k.wav_2s.wav",
            "The Fake-or-Real (FoR) Dataset (deepfake audio)/for-2sec/for-2seconds/testing/fake/file7.wav",
        ),
        real=2,
        fake=2,
        splits={"train": (2, 0), "val": (0, 1), "test": (0, 1)},
        groups={
            "training/real/file1.wav_16k.wav": {"recording:train/0/file1"},
            "training/real/file1.wav_16k.wav_2s.wav": {"recording:train/0/file1"},
        },
        kinds=("audio",),
    ),
]
