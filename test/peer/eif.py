#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An independent reader of enclave images, for tests: eif.py IMAGE DESCRIPTION [FOLDER]

It reads an image with other people's zlib, hashlib, CBOR and ECDSA, compares what it finds
with what `cella enclave describe --json` wrote, and writes the ramdisks into FOLDER. The
layout is that of the published Enclave Image Format, version 4.
"""
import hashlib
import json
import struct
import sys
import zlib

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

KERNEL, CMDLINE, RAMDISK, SIGNATURE, METADATA = 1, 2, 3, 4, 5


def read_sections(data):
    magic, version, flags, _, _, reserved, num = struct.unpack_from(">4sHHQQHH", data, 0)
    assert (magic, version, flags, reserved) == (b".eif", 4, 0, 0)
    offsets = struct.unpack_from(">32Q", data, 28)
    sizes = struct.unpack_from(">32Q", data, 284)
    unused, crc = struct.unpack_from(">II", data, 540)
    assert unused == 0 and crc == zlib.crc32(data[548:], zlib.crc32(data[:544]))
    sections, end = [], 548
    for i in range(num):
        kind, section_flags, size = struct.unpack_from(">HHQ", data, offsets[i])
        assert (offsets[i], sizes[i], section_flags) == (end, size, 0)
        sections.append((kind, data[end + 12 : end + 12 + size]))
        end += 12 + size
    assert end == len(data) and not any(offsets[num:]) and not any(sizes[num:])
    return sections


def extend(name, *parts):
    size = hashlib.new(name).digest_size
    digests = b"".join(hashlib.new(name, part).digest() for part in parts)
    value = bytes(size)
    for i in range(len(parts)):
        value = hashlib.new(name, value + digests[i * size : (i + 1) * size]).digest()
    return value.hex()


def check_signature(section, pcr0):
    (entry,) = cbor2.loads(section)
    cert = x509.load_pem_x509_certificate(bytes(entry["signing_certificate"]))
    protected, unprotected, payload, signature = cbor2.loads(bytes(entry["signature"]))
    assert cbor2.loads(protected) == {1: -35} and unprotected == {}
    assert cbor2.loads(payload) == {
        "register_index": 0,
        "register_value": list(bytes.fromhex(pcr0)),
    }
    message = cbor2.dumps(["Signature1", protected, b"", payload])
    r, s = (int.from_bytes(half, "big") for half in (signature[:48], signature[48:]))
    cert.public_key().verify(
        utils.encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA384())
    )
    from cryptography.hazmat.primitives.serialization import Encoding

    return cert.public_bytes(Encoding.DER)


def same(what, expected, found):
    if expected != found:
        sys.exit(f"{what}: {found}, not {expected}")


def main():
    with open(sys.argv[1], "rb") as file:
        sections = read_sections(file.read())
    with open(sys.argv[2], encoding="utf-8") as file:
        told = json.load(file)
    of = lambda kind: [data for found, data in sections if found == kind]
    (kernel,), (cmdline,), ramdisks = of(KERNEL), of(CMDLINE), of(RAMDISK)
    whole = kernel + cmdline + b"".join(ramdisks)
    nitro = told["measurements"]["nitro"]
    same("PCR0", extend("sha384", whole), nitro["PCR0"])
    same("PCR1", extend("sha384", kernel + cmdline + ramdisks[0]), nitro["PCR1"])
    same("PCR2", extend("sha384", b"".join(ramdisks[1:])), nitro["PCR2"])
    signer = [check_signature(data, nitro["PCR0"]) for data in of(SIGNATURE)]
    if signer:
        same("PCR8", extend("sha384", signer[0]), nitro["PCR8"])
    for name in ("sha256", "sha384"):
        pcrs = told["measurements"]["vtpm"][name]
        same(f"{name} 4", extend(name, kernel), pcrs["4"])
        same(f"{name} 8", extend(name, cmdline), pcrs["8"])
        same(f"{name} 9", extend(name, *ramdisks), pcrs["9"])
        same(f"{name} 11", extend(name, whole), pcrs["11"])
        same(f"{name} 12", extend(name, *signer), pcrs["12"])
    same("metadata", json.loads(of(METADATA)[0]), told["metadata"])
    for i, data in enumerate(ramdisks if len(sys.argv) > 3 else []):
        with open(f"{sys.argv[3]}/ramdisk{i + 1}", "wb") as file:
            file.write(data)


main()
