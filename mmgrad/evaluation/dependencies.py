"""Check of the packages that the evaluation needs beside those of mmgrad itself; imported before they are."""

from importlib.util import find_spec

from mmgrad.errors import InputError

for _package, _module in (("pandas", "pandas"), ("scipy", "scipy"), ("scikit-learn", "sklearn")):
    if find_spec(_module) is None:
        raise InputError(f"The evaluation needs the package {_package}; please run: pip install 'mmgrad[eval]'.")
