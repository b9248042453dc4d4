"""Functions that have no rule, each with the reason and what to write.

Chapter: book/reverse.md.
"""

import numpy as np

from dlcore.autodiff.dispatch import refuses

MISSING = "a missing number has no slope, choose with np.where(np.isnan(x), ..., x) first"
COMPLEX = "complex numbers have no derivative here, and a traced array is real"
IN_PLACE = "a traced array cannot be overwritten, choose with np.where"

WITH_MISSING = (
    np.nanmax, np.nanmin, np.nansum, np.nanmean, np.nanvar, np.nanstd, np.nanprod, np.nanmedian,
    np.nancumsum, np.nancumprod, np.nanargmax, np.nanargmin, np.nanpercentile, np.nanquantile,
)  # fmt: skip
OF_COMPLEX = (
    np.real, np.imag, np.angle, np.conj, np.iscomplex, np.isreal, np.linalg.eig,
    np.linalg.eigvals, np.roots, np.real_if_close,
)  # fmt: skip
TRANSFORMS = [getattr(np.fft, name) for name in np.fft.__all__]
OVERWRITING = (np.copyto, np.put, np.place, np.putmask, np.fill_diagonal, np.put_along_axis)

refuses(WITH_MISSING, MISSING)
refuses([*OF_COMPLEX, *TRANSFORMS], COMPLEX)
refuses(OVERWRITING, IN_PLACE)
