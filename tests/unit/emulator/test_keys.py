from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from emulator import keys


def test_key_depends_on_its_label_only_and_is_rsa_2048():
    pem = keys.private_key_pem("one")

    key = load_pem_private_key(pem.encode(), password=None)
    keys.private_key.cache_clear()
    keys.private_key_pem.cache_clear()

    assert isinstance(key, RSAPrivateKey)
    assert key.key_size == 2048
    assert keys.private_key_pem("one") == pem
    assert keys.private_key_pem("two") != pem
