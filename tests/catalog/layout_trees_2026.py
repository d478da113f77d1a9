"""Small editions of the layouts that the field uses since 2024, with what a scan must make of them."""

from __future__ import annotations

import json

from tests.catalog.layout_trees import AV_VAL, LayoutTree, media

GEN = "GenImage"
AV5 = "ASVspoof5"
EVAL = "Deepfake-Eval-2024"
PLUS = "AV-Deepfake1M++"
CELEB = "Celeb-DF++"

TREES_2026 = [
    LayoutTree(
        GEN,
        "genimage",
        GEN,
        media(
            *(
                f"{GEN}/Midjourney/imagenet_midjourney/{s}/ai/1_midjourney_{i}.png"
                for s in ("train", "val")
                for i in "12"
            ),
            *(
                f"{GEN}/Midjourney/imagenet_midjourney/{s}/nature/n01440764_{i}.JPEG"
                for s in ("train", "val")
                for i in "12"
            ),
            f"{GEN}/stable_diffusion_v_1_4/imagenet_ai_0419_sdv4/train/ai/000_sdv4_00002.png",
            f"{GEN}/stable_diffusion_v_1_4/imagenet_ai_0419_sdv4/train/nature/n01440764_9.JPEG",
        ),
        real=5,
        fake=5,
        splits={"train": (3, 3), "val": (2, 2)},
        methods={"Midjourney": 4, "Stable Diffusion V1.4": 1},
        published=(1331167, 1350000),
        groups={"n01440764_9.JPEG": {"photograph:n01440764_9"}, "000_sdv4_00002.png": set()},
        kinds=("image",),
        problems=("all photographs are JPEG and all generated pictures PNG",),
    ),
    LayoutTree(
        GEN,
        "genimage",
        GEN,
        media(
            f"{GEN}/imagenet_ai_0508_adm/val/ai/1.png",
            f"{GEN}/imagenet_ai_0508_adm/val/nature/2.png",
            f"{GEN}/imagenet_glide/train/ai/1.png",
        ),
        real=1,
        fake=2,
        splits={"train": (0, 1), "val": (1, 1)},
        methods={"ADM": 1, "GLIDE": 1},
        published=(1331167, 1350000),
        kinds=("image",),
        ident="GenImage without generator folders",
    ),
    LayoutTree(
        CELEB,
        "celeb-df-plus",
        CELEB,
        media(
            f"{CELEB}/Celeb-real/id0_0000.mp4",
            f"{CELEB}/Celeb-real/id1_0000.mp4",
            f"{CELEB}/YouTube-real/00170.mp4",
            f"{CELEB}/Celeb-synthesis/FaceSwap/BlendFace/id0_id1_0000.mp4",
            f"{CELEB}/Celeb-synthesis/FaceReenact/LivePortrait/id1_id0_0000.mp4",
            f"{CELEB}/Celeb-synthesis/TalkingFace/AniTalker/id1_0000.mp4",
        )
        | {
            f"{CELEB}/List_of_testing_videos.txt": "1 YouTube-real/00170.mp4\n1 Celeb-real/id1_0000.mp4\n"
            "0 Celeb-synthesis/TalkingFace/AniTalker/id1_0000.mp4\n"
        },
        real=3,
        fake=3,
        splits={"test": (2, 1), "unassigned": (1, 2)},
        methods={"BlendFace": 1, "LivePortrait": 1, "AniTalker": 1},
        groups={"id0_id1_0000.mp4": {"person:id0", "person:id1"}, "AniTalker/id1_0000.mp4": {"person:id1"}},
    ),
    LayoutTree(
        CELEB,
        "celeb-df-plus",
        "celeb df v3",
        media(
            "celeb df v3/Celeb-real/id0_0000.mp4",
            "celeb df v3/FaceSwap/BlendFace/id0_id1_0000.mp4",
            "celeb df v3/TalkingFace/id0_0000.mp4",
        ),
        real=1,
        fake=2,
        methods={"BlendFace": 1, "TalkingFace": 1},
        ident="Celeb-DF++ with the kinds beside the originals",
    ),
    LayoutTree(
        "ForenSynths",
        "forensynths",
        "CNNDetection",
        media(
            "CNNDetection/progan_train/airplane/0_real/1.png",
            "CNNDetection/progan_train/airplane/1_fake/2.png",
            "CNNDetection/progan_val/cat/1_fake/2.png",
            "CNNDetection/CNN_synth_testset/progan/airplane/0_real/1.png",
            "CNNDetection/CNN_synth_testset/progan/airplane/1_fake/2.png",
            "CNNDetection/CNN_synth_testset/stylegan2/car/1_fake/3.png",
            "CNNDetection/CNN_synth_testset/seeingdark/0_real/4.png",
            "CNNDetection/CNN_synth_testset/seeingdark/1_fake/5.png",
        ),
        real=3,
        fake=5,
        splits={"train": (1, 1), "val": (0, 1), "test": (2, 3)},
        methods={"progan": 3, "stylegan2": 1, "seeingdark": 1},
        published=(364000, 364000),
        kinds=("image",),
    ),
    LayoutTree(
        "ForenSynths",
        "forensynths",
        "UniversalFakeDetect",
        media(
            "UniversalFakeDetect/train/progan/car/0_real/1.png",
            "UniversalFakeDetect/train/progan/car/1_fake/2.png",
            "UniversalFakeDetect/test/ldm_200/0_real/3.png",
            "UniversalFakeDetect/test/ldm_200/1_fake/4.png",
        ),
        real=2,
        fake=2,
        splits={"train": (1, 1), "test": (1, 1)},
        methods={"progan": 1, "ldm_200": 1},
        published=(364000, 364000),
        kinds=("image",),
        ident="ForenSynths by split",
    ),
    LayoutTree(
        "ForenSynths",
        "forensynths",
        "AIGCDetect",
        media(
            "AIGCDetect/stargan/0_real/1.png",
            "AIGCDetect/stargan/1_fake/2.png",
            "AIGCDetect/my_own_generator/1_fake/3.png",
        ),
        real=1,
        fake=2,
        methods={"stargan": 1, "my_own_generator": 1},
        published=(364000, 364000),
        kinds=("image",),
        ident="ForenSynths flat",
    ),
    LayoutTree(
        "ASVspoof 5",
        "asvspoof5",
        AV5,
        media(
            f"{AV5}/flac_T/T_0000000001.flac",
            f"{AV5}/flac_T/T_0000000002.flac",
            f"{AV5}/flac_D/D_0000000169.flac",
            f"{AV5}/flac_E_eval/E_0000000003.flac",
        )
        | {
            f"{AV5}/ASVspoof5_protocols/ASVspoof5.train.tsv": "T_4850 T_0000000001 F - - - AC3 A05 spoof -\n"
            "T_4851 T_0000000002 M - - - - bonafide bonafide -\n",
            f"{AV5}/ASVspoof5_protocols/ASVspoof5.dev.track_1.tsv": "D_4461 D_0000000169 F - - - AC1 A14 spoof -\n",
            f"{AV5}/ASVspoof5_protocols/ASVspoof5.eval.track_1.tsv": "E_1607 E_0000000003 F C05 4 E_99 - bonafide bonafide -\n",
        },
        real=2,
        fake=2,
        splits={"train": (1, 1), "val": (0, 1), "test": (1, 0)},
        methods={"A05": 1, "A14": 1},
        published=(188819, 815262),
        groups={"D_0000000169.flac": {"speaker:D_4461"}},
        kinds=("audio",),
        problems=("1 utterances of the test part went through a codec",),
    ),
    LayoutTree(
        "ASVspoof 5",
        "asvspoof5",
        AV5,
        media(f"{AV5}/ASVspoof5_train/flac_T/T_1.flac", f"{AV5}/ASVspoof5_dev/flac_D/D_1.flac")
        | {
            f"{AV5}/ASVspoof5.train.tsv": "T_4850 T_1 F - - - AC3 A05 spoof -\n",
            f"{AV5}/ASVspoof5.dev.track_1.tsv": "D_4461 D_1 F - - - - bonafide bonafide -\n",
        },
        real=1,
        fake=1,
        splits={"train": (0, 1), "val": (1, 0)},
        methods={"A05": 1},
        published=(188819, 815262),
        kinds=("audio",),
        ident="ASVspoof 5 by partition",
    ),
    LayoutTree(
        "ASVspoof 2021 LA",
        "asvspoof2021-la",
        "asvspoof21la",
        media(
            "asvspoof21la/ASVspoof2021_LA_eval/flac/LA_E_9332881.flac",
            "asvspoof21la/ASVspoof2021_LA_eval/flac/LA_E_6866159.flac",
        )
        | {
            "asvspoof21la/ASVspoof2021_LA_eval/ASVspoof2021.LA.cm.eval.trl.txt": "LA_E_9332881\nLA_E_6866159\n",
            "asvspoof21la/keys/LA/CM/trial_metadata.txt": "LA_0009 LA_E_9332881 alaw ita_tx A07 spoof notrim eval\n"
            "LA_0020 LA_E_6866159 alaw ita_tx bonafide bonafide notrim progress\n",
        },
        real=1,
        fake=1,
        splits={"test": (1, 1)},
        methods={"A07": 1},
        published=(18452, 163114),
        groups={"LA_E_9332881.flac": {"speaker:LA_0009"}},
        kinds=("audio",),
    ),
    LayoutTree(
        EVAL,
        "deepfake-eval-2024",
        EVAL,
        media(
            f"{EVAL}/audio-data/news_0016.mp3",
            f"{EVAL}/audio-data/news_0017.mp3",
            f"{EVAL}/image-data/a.jpg",
            f"{EVAL}/image-data/b.png",
            f"{EVAL}/video-data/c.mp4",
        )
        | {
            f"{EVAL}/audio-metadata-publish.csv": "Filename,Ground Truth,Finetuning Set\n"
            "news_0016.mp3,Real,Train\nnews_0017.mp3,Fake,Train\n#NAME?,Fake,Test\n",
            f"{EVAL}/image-metadata-publish.csv": "Filename,Ground Truth,Finetuning Set\na.jpg,Fake,Test\nb.png,Other,Test\n",
            f"{EVAL}/video-metadata-publish.csv": "Filename,Ground Truth,Finetuning Set\nc.mp4,Real,Test\n",
        },
        real=2,
        fake=2,
        unlabelled=1,
        splits={"train": (1, 1), "test": (1, 1)},
        groups={"news_0016.mp3": {"recording:news"}, "news_0017.mp3": {"recording:news"}},
        kinds=("audio", "image", "video"),
        problems=("a row is called '#NAME?'", "'Other' in image-metadata-publish.csv"),
    ),
    LayoutTree(
        "DF40",
        "df40",
        "DF40",
        media(
            "DF40/simswap/ff/frames/000_003/001.png",
            "DF40/simswap/cdf/frames/id0_id1_0000/001.png",
            "DF40/sd2.1/ff/071/001.png",
            "DF40/sd2.1/cdf/Fake_from_Celeb-real/id3_0000/001.png",
            "DF40/heygen/fake/a/001.png",
            "DF40/heygen/real/b/001.png",
        ),
        real=1,
        fake=5,
        methods={"simswap": 2, "sd2.1": 2, "heygen": 1},
        groups={
            "000_003/001.png": {"sequence:000", "sequence:003"},
            "id0_id1_0000/001.png": {"person:id0", "person:id1"},
            "ff/071/001.png": {"sequence:071"},
            "id3_0000/001.png": {"person:id3"},
        },
        kinds=("image",),
    ),
    LayoutTree(
        "MLAAD",
        "mlaad",
        "MLAAD",
        media(
            "MLAAD/fake/en/tts_models_en_ljspeech_vits/LJ001-0001.wav",
            "MLAAD/fake/de/bark/a.wav",
            "MLAAD/fake/de/bark/b.wav",
        ),
        real=0,
        fake=3,
        methods={"tts_models_en_ljspeech_vits": 1, "bark": 2},
        kinds=("audio",),
    ),
    LayoutTree(
        "SpoofCeleb",
        "spoofceleb",
        "SpoofCeleb",
        media(
            "SpoofCeleb/flac/train/a00/id10001/x.flac",
            "SpoofCeleb/flac/train/a05/id10001/y.flac",
            "SpoofCeleb/flac/development/a00/id10002/z.flac",
            "SpoofCeleb/flac/evaluation/a14/id10003/w.flac",
        )
        | {
            "SpoofCeleb/metadata/train.csv": "file,speaker,attack\na00/id10001/x.flac,id10001,a00\na05/id10001/y.flac,id10001,a05\n"
        },
        real=2,
        fake=2,
        splits={"train": (1, 1), "val": (1, 0), "test": (0, 1)},
        methods={"a05": 1, "a14": 1},
        groups={"y.flac": {"speaker:id10001"}},
        kinds=("audio",),
    ),
    LayoutTree(
        "Codecfake",
        "codecfake",
        "Codecfake",
        media(
            "Codecfake/train/SSB13650058.wav",
            "Codecfake/train/F01_SSB13650058.wav",
            "Codecfake/dev/F02_p225_001.wav",
            "Codecfake/C7/F07_p226_002.wav",
        )
        | {
            "Codecfake/label/train.txt": "SSB13650058.wav real 0\nF01_SSB13650058.wav fake 1\n",
            "Codecfake/label/dev.txt": "F02_p225_001.wav fake 2\n",
            "Codecfake/label/C7.txt": "F07_p226_002.wav fake 7\n",
        },
        real=1,
        fake=3,
        splits={"train": (1, 1), "val": (0, 1), "test": (0, 1)},
        methods={"F01": 1, "F02": 1, "F07": 1},
        published=(132277, 925939),
        groups={"F01_SSB13650058.wav": {"utterance:SSB13650058", "speaker:SSB1365"}},
        kinds=("audio",),
    ),
    LayoutTree(
        "CodecFake",
        "codecfake-vctk",
        "CodecFake",
        media("CodecFake/processed/p225_001_encodec.wav", "CodecFake/processed/p226_002_encodec.wav"),
        real=0,
        fake=2,
        groups={"p225_001_encodec.wav": {"speaker:p225"}},
        kinds=("audio",),
        ident="CodecFake of VCTK",
    ),
    LayoutTree(
        "LlamaPartialSpoof",
        "llama-partial-spoof",
        "LlamaPartialSpoof",
        media(
            "LlamaPartialSpoof/R01TTS.0.a/1089_134686_000001_000001.wav",
            "LlamaPartialSpoof/R01TTS.0.a/1089_134686_000001_000002-x.wav",
            "LlamaPartialSpoof/R01TTS.0.b/whole.wav",
        )
        | {
            "LlamaPartialSpoof/label_R01TTS.0.a.txt": "1089_134686_000001_000001 3.2 bonafide 0.00-3.20-bonafide\n"
            "1089_134686_000001_000002-x 3.0 spoof 0.00-1.20-bonafide 1.20-2.40-spoof 2.40-3.00-bonafide\n",
            "LlamaPartialSpoof/label_R01TTS.0.b.txt": "whole 2.0 spoof 0.00-2.00-spoof\n",
        },
        real=1,
        fake=2,
        methods={"partial": 1, "whole": 1},
        kinds=("audio",),
    ),
    LayoutTree(
        PLUS,
        "av-deepfake1m-plus",
        PLUS,
        media(f"{PLUS}/val/val/vox_celeb_2/{json.loads(AV_VAL)[0]['file']}")
        | {
            f"{PLUS}/val_metadata.json": AV_VAL.replace(
                "id00002/xyz/00001/fake", "vox_celeb_2/id00002/xyz/00001/fake"
            )
        },
        real=0,
        fake=1,
        splits={"val": (0, 1)},
        methods={"visual_modified": 1},
        kinds=("video",),
    ),
    LayoutTree(
        "DFADD",
        "dfadd",
        "DFADD",
        media(
            "DFADD/DATASET_VCTK_BONAFIDE/train/p225_001.wav",
            "DFADD/DATASET_MatchaTTS/train/p225_001.wav",
            "DFADD/DATASET_PflowTTS/test/p226_002.wav",
            "DFADD/DATASET_GradTTS/valid/p227_003.wav",
        ),
        real=1,
        fake=3,
        splits={"train": (1, 1), "val": (0, 1), "test": (0, 1)},
        methods={"MatchaTTS": 1, "PflowTTS": 1, "GradTTS": 1},
        groups={"DATASET_MatchaTTS/train/p225_001.wav": {"speaker:p225", "utterance:p225_001"}},
        kinds=("audio",),
    ),
    LayoutTree(
        "HABLA",
        "habla",
        "HABLA",
        media(
            "HABLA/FinalDataset_16khz/Real/arf_00295_00000172531.wav",
            "HABLA/FinalDataset_16khz/CycleGAN/arf_00295-pem_00610-0001.wav",
            "HABLA/FinalDataset_16khz/TTS-Diff/x.wav",
        ),
        real=1,
        fake=2,
        methods={"CycleGAN": 1, "TTS-Diff": 1},
        groups={"pem_00610-0001.wav": {"speaker:arf_00295", "speaker:pem_00610"}},
        kinds=("audio",),
    ),
    LayoutTree(
        "ADD 2023",
        "add2023",
        "ADD2023",
        media(
            "ADD2023/Track1.2/train/wav/ADD_T_1.wav",
            "ADD2023/Track1.2/testR2/wav/ADD_E_1.wav",
            "ADD2023/Track1.2/testR2/wav/ADD_E_2.wav",
        )
        | {
            "ADD2023/Track1.2/train/label.txt": "ADD_T_1.wav fake\n",
            "ADD2023/Track1.2/testR2/label.txt": "ADD_E_1.wav genuine\nADD_E_2.wav fake\n",
        },
        real=1,
        fake=2,
        splits={"train": (0, 1), "test": (1, 1)},
        kinds=("audio",),
    ),
    LayoutTree(
        "WildDeepfake",
        "wild-deepfake",
        "WildDeepfake",
        media(
            "WildDeepfake/fake_train/1/fake/35/0.png",
            "WildDeepfake/fake_train/1/fake/35/1.png",
            "WildDeepfake/real_test/7/real/2/0.png",
        ),
        real=1,
        fake=2,
        splits={"train": (0, 2), "test": (1, 0)},
        groups={"35/0.png": {"sequence:fake_train/1/35"}},
        kinds=("image",),
        ident="WildDeepfake unpacked",
    ),
]
