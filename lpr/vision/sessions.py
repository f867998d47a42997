"""onnxruntime sessions over model files on disk."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import onnxruntime

from facility.errors import Unavailable

MODELS = Path(__file__).resolve().parent.parent / "models"


class ModelMissing(Unavailable):
    """A model file is not where it should be."""

    code = "lpr.model_missing"


def open_session(path: Path, threads: int) -> Any:
    """A CPU session; one for each worker thread.

    Raises:
        ModelMissing: there is no file at `path`, or it is no model.
    """
    if not path.is_file():
        raise ModelMissing(f"{path}: model file is missing")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as fault:  # onnxruntime's own errors have no common base
        raise ModelMissing(f"{path}: not a model onnxruntime can open") from fault


def paddle_model() -> Path:
    """The PP-OCRv4 recogniser in the installed wheel of rapidocr-onnxruntime (Apache-2.0).

    Raises:
        ModelMissing: the wheel is not installed.
    """
    spec = find_spec("rapidocr_onnxruntime")
    if spec is None or spec.origin is None:
        raise ModelMissing("the wheel rapidocr-onnxruntime is not installed")
    return Path(spec.origin).parent / "models" / "ch_PP-OCRv4_rec_infer.onnx"
