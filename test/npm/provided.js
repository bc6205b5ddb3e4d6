// SPDX-License-Identifier: Apache-2.0
//
// An independent verifier of DCAP quotes, npm's @phala/dcap-qvl, judges a quote by what a
// quote provider has handed over: the parts of its structure, a file each.
//
// Usage: node provided.js FOLDER QUOTE ROOT-PEM    (77: that verifier is not installed)

'use strict';

const fs = require('node:fs');
const path = require('node:path');

let peer;
try {
  peer = require('@phala/dcap-qvl');
} catch (error) {
  process.exit(77);
}

const [folder, quote, root] = process.argv.slice(2);

function text(name) {
  return fs.readFileSync(path.join(folder, name), 'utf8');
}

function hex(name) {
  return fs.readFileSync(path.join(folder, name)).toString('hex');
}

// The bytes that are signed, as they stand, and the signature behind them.
function signed(name, member) {
  const document = text(name);
  const start = document.indexOf(':', document.indexOf(`"${member}"`)) + 1;
  const end = document.lastIndexOf(',"signature"');
  return [document.slice(start, end), JSON.parse(document).signature];
}

const [tcbInfo, tcbInfoSignature] = signed('tcb_info.json', 'tcbInfo');
const [identity, identitySignature] = signed('qe_identity.json', 'enclaveIdentity');
const pem = fs.readFileSync(root, 'utf8').replace(/-----[^-]+-----|\s/g, '');
const report = peer.QuoteVerifier.newWithRootCa(Buffer.from(pem, 'base64')).verify(
  fs.readFileSync(quote),
  {
    pck_crl_issuer_chain: text('pck_crl_issuer_chain.pem'),
    root_ca_crl: hex('root_ca_crl.der'),
    pck_crl: hex('pck_crl.der'),
    tcb_info_issuer_chain: text('tcb_info_issuer_chain.pem'),
    tcb_info: tcbInfo,
    tcb_info_signature: tcbInfoSignature,
    qe_identity_issuer_chain: text('qe_identity_issuer_chain.pem'),
    qe_identity: identity,
    qe_identity_signature: identitySignature,
  },
  Math.floor(Date.now() / 1000));
console.log(report.status);
