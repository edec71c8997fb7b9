"""Real handwritten digits, 8×8 pixels and 17 grey levels, which scikit-learn carries.

Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI
Machine Learning Repository, 1998 (CC BY 4.0); its 1,797 test pictures.
"""

import hashlib

import numpy as np
import torch

from minigen.data.sets import ImageSet, stratified_split

#: SHA-256 of the pixels and then the labels, each as one byte, in the order stored.
SHA256 = "87ff0c9e40dc7e2c0e34e7257799c2e3f3aec1a016363bb11cad869ec428a826"
TEST_IMAGES = 497


def load() -> ImageSet:
    """Return the 1,797 digits as 1,300 to train on and 497 to test on.

    The split is random within each class and always the same. The file is ordered by
    writer, so a split at a fixed place would test on other hands than it trains on.
    """
    pixels, labels = _stored()
    train, test = stratified_split(
        labels, test_share=TEST_IMAGES / len(labels), rng=np.random.default_rng(0)
    )
    x = torch.from_numpy(pixels).float().div(16).unsqueeze(1)  # [n, 1, 8, 8]
    y = torch.from_numpy(labels).long()
    return ImageSet(
        name="digits",
        train_x=x[train],
        train_y=y[train],
        test_x=x[test],
        test_y=y[test],
        classes=tuple("0123456789"),
        levels=17,
    )


def _stored() -> tuple[np.ndarray, np.ndarray]:
    # Imported here: scikit-learn takes most of a second, which no other dataset needs.
    from sklearn.datasets import load_digits

    stored = load_digits()
    pixels, labels = stored.images.astype(np.uint8), stored.target.astype(np.uint8)
    found = hashlib.sha256(pixels.tobytes() + labels.tobytes()).hexdigest()
    if found != SHA256:
        raise ValueError(
            f"the digits in this scikit-learn have SHA-256 {found[:12]}…, not "
            f"{SHA256[:12]}…: install the version that constraints.txt names"
        )
    return pixels, labels
