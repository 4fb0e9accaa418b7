"""The Hugging Face hub: repositories fetched from it or pushed to it, and one sentence for whatever goes wrong.

huggingface_hub is imported where it is used: a start with a model and a gallery of this machine does without it.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from mmgrad.errors import MMGradError

HUB_ID = re.compile(r"[A-Za-z0-9][\w.\-]*/[A-Za-z0-9][\w.\-]*")
"""The form of a repository's name: owner/name."""

_LFS = b"version https://git-lfs"
_CALLED = {"model": "model", "dataset": "gallery"}


def fetch(
    name: str,
    files: Sequence[str],
    raised: type[MMGradError],
    kind: Literal["model", "dataset"] = "model",
    **download: Any,
) -> Path:
    """The folder of the local copy of a repository, fetched where it is missing or old; offline, the cached copy.

    Args:
        name: owner/name.
        files: patterns of the files to fetch.
        raised: the error for whatever goes wrong: a repository that is missing, private or gated, a missing revision,
            a hub that cannot be reached or that refuses.
        kind: of the repository.
        download: further options of `huggingface_hub.snapshot_download`, such as `revision` or `token`.
    """
    from huggingface_hub.errors import (
        GatedRepoError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )
    from huggingface_hub.utils import httpx

    called = _CALLED[kind]
    try:
        return Path(snapshot_download(name, repo_type=kind, allow_patterns=list(files), **download))
    except GatedRepoError as error:
        raise raised(
            f"The hub gives '{name}' only to those who have agreed to its terms; do so on its page, then run "
            "`hf auth login`."
        ) from error
    except RepositoryNotFoundError as error:
        raise raised(
            f"There is no {called} '{name}', neither a folder here nor on the hub; check the name, or run "
            "`hf auth login` if it is private."
        ) from error
    except RevisionNotFoundError as error:
        raise raised(f"'{name}' has no revision '{download.get('revision')}'; check its branches and tags.") from error
    except (OSError, ValueError, httpx.HTTPError) as error:
        offline = isinstance(error, LocalEntryNotFoundError | OfflineModeIsEnabled)
        reason = "the hub cannot be reached" if offline else f"the hub answered: {_first_line(error)}"
        raise raised(
            f"There is no {called} '{name}' on this machine, and {reason}; go online once, or give the folder of a "
            "copy."
        ) from error


@contextmanager
def pushing(name: str, raised: type[MMGradError]) -> Iterator[None]:
    """Raise the error `raised` for whatever the hub refuses within the context, or where it cannot be reached."""
    from huggingface_hub.errors import (
        HfHubHTTPError,
        HFValidationError,
        LocalTokenNotFoundError,
        OfflineModeIsEnabled,
    )
    from huggingface_hub.utils import httpx

    try:
        yield
    except HFValidationError as error:
        raise raised(f"'{name}' cannot be the name of a repository; give owner/name.") from error
    except (LocalTokenNotFoundError, HfHubHTTPError) as error:
        if isinstance(error, LocalTokenNotFoundError) or error.response.status_code in (401, 403):
            raise raised(
                f"The hub does not let you write to '{name}'; run `hf auth login` with a token that may, and check "
                "the owner."
            ) from error
        raise raised(f"'{name}' was not pushed, for the hub answered: {_first_line(error)}") from error
    except (OfflineModeIsEnabled, httpx.HTTPError) as error:
        raise raised(f"'{name}' was not pushed, for the hub cannot be reached; go online and try again.") from error


def push_folder(
    name: str,
    folder: Path,
    raised: type[MMGradError],
    kind: Literal["model", "dataset"] = "model",
    private: bool | None = None,
    token: str | None = None,
    **upload: Any,
) -> str:
    """Push the files of a folder to a repository, made where it is missing; returns the address.

    `upload` are further options of `HfApi.upload_folder`. Raises the error `raised` as `pushing` does.
    """
    from huggingface_hub import HfApi

    api = HfApi(token=token)
    with pushing(name, raised):
        made = api.create_repo(name, repo_type=kind, private=private, exist_ok=True)
        return str(api.upload_folder(repo_id=made.repo_id, repo_type=kind, folder_path=folder, **upload))


def is_lfs_pointer(path: Path) -> bool:
    """Whether a file is the small text that Git LFS leaves in place of a large file that was not fetched."""
    with path.open("rb") as file:
        return file.read(len(_LFS)) == _LFS


def snapshot_download(name: str, **options: Any) -> str:
    """`huggingface_hub.snapshot_download`."""
    from huggingface_hub import snapshot_download as download

    folder: str = download(name, **options)
    return folder


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
