// SPDX-License-Identifier: Apache-2.0
//
// An independent verifier of DCAP quotes, npm's @phala/dcap-qvl, judges what the simulated
// platform makes. Given the platform's root it must accept the good results and refuse the
// bad ones; given Intel's it must refuse all.
//
// What this verifier does not do (version 0.3.9), so that it is no judge of it:
//  - it takes SGX quotes of version 3 only, TDX quotes of versions 4 and 5 only, no TD 1.5
//    extended bodies, and exactly 32 bytes of authentication data;
//  - it does not look at the TDX module's identity, at tee_tcb_svn2, at the PCE-ID or at
//    evaluation numbers, and takes TCB levels in the order in which they stand;
//  - it compares the certificate's CPUSVN instead of the components, and all sixteen TDX
//    components even where the module's identity takes the place of the first two;
//  - it refuses SEPT_VE_DISABLE clear and any service TD, which cella reports;
//  - it accepts every status but Revoked, and leaves it to the caller to look.
//
// Usage: node peer.js CELLA_SIM   (writes TAP)

'use strict';

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

let peer;
try {
  peer = require('@phala/dcap-qvl');
} catch (error) {
  console.log('1..0 # SKIP @phala/dcap-qvl is not installed: npm ci --prefix test/npm');
  process.exit(0);
}

const sim = path.resolve(process.argv[2]);
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'cella-peer-'));
const platform = path.join(dir, 'platform');
const time = '2026-01-01T00:00:00Z';
const seconds = Date.parse(time) / 1000;

function run(...args) {
  return execFileSync(sim, args, { maxBuffer: 1 << 24 });
}

function derOf(pem) {
  return Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
}

function quote(options = []) {
  return run('quote', platform, ...options);
}

function collateral(options = []) {
  return JSON.parse(run('collateral', platform, '--time', time, ...options));
}

run('init', platform, '--time', time, '--quiet');
const root = derOf(fs.readFileSync(path.join(platform, 'root.pem'), 'utf8'));
const verifier = peer.QuoteVerifier.newWithRootCa(root);
const hello = Buffer.from('hello, world');

function tdOf(report) {
  return report.asTd10();
}

function flipped(bytes, offset) {
  const copy = Buffer.from(bytes);
  copy[offset] ^= 1;
  return copy;
}

// name, quote, collateral, and the status or the words of the refusal
const cases = [
  ['sgx v3', ['-k', 'sgx-v3'], ['--tee', 'sgx'], 'UpToDate'],
  ['tdx v4', ['-k', 'tdx-v4'], [], 'UpToDate'],
  ['tdx v5, TD 1.0', ['-k', 'tdx-v5-td10'], [], 'UpToDate'],
  ['tdx v5, TD 1.5', ['-k', 'tdx-v5'], [], 'UpToDate'],
  ['no chain in the quote', ['--cert-data', '3'], ['--pck-chain'], 'UpToDate'],
  ...['SWHardeningNeeded', 'ConfigurationNeeded', 'ConfigurationAndSWHardeningNeeded',
    'OutOfDate', 'OutOfDateConfigurationNeeded'].map(
    (status) => [status, [], ['--standing', status], status]),
  ['QE out of date', [], ['--qe-standing', 'OutOfDate'], 'OutOfDate'],
  ['revoked level', [], ['--standing', 'Revoked'], /TCB status is invalid: Revoked/],
  ['below every level', [], ['--standing', 'NotSupported'], /No matching TCB level/],
  ['QE below every level', [], ['--qe-standing', 'NotSupported'], /below minimum/],
  ['SGX documents for a TD', [], ['--tee', 'sgx'], /QE Identity id|non-TDX/],
  ['TDX documents for an enclave', ['-k', 'sgx-v3'], [], /QE Identity id|non-SGX/],
  ['PCK revoked', [], ['--revoke', 'pck'], /revoked/i],
  ['CA revoked', [], ['--revoke', 'ca'], /revoked/i],
  ['signer revoked', [], ['--revoke', 'signing'], /revoked/i],
  ['TCB info expired', [], ['--expire', 'tcb-info'], /TCBInfo expired/],
  ['identity expired', [], ['--expire', 'qe-identity'], /QE Identity expired/],
  ['debug TD', ['--debug'], [], /Debug mode/],
  ['debug enclave', ['-k', 'sgx-v3', '--debug'], ['--tee', 'sgx'], /Debug mode/],
  ['migratable TD', ['--attributes', '0x30000000'], [], /Reserved bits/],
];

let failures = 0;
let number = 0;

function check(name, fn) {
  number += 1;
  try {
    fn();
    console.log(`ok ${number} - ${name}`);
  } catch (error) {
    failures += 1;
    console.log(`not ok ${number} - ${name}: ${error.message}`);
  }
}

function same(expected, actual, what) {
  if (expected !== actual) throw new Error(`${what}: expected ${expected}, found ${actual}`);
}

function refuses(fn, words) {
  let message;
  try {
    fn();
  } catch (error) {
    message = [error.message, error.cause && error.cause.message].join(' ');
  }
  if (message === undefined) throw new Error('it was accepted');
  if (!words.test(message)) throw new Error(`refused for another reason: ${message}`);
}

for (const [name, quoteOptions, collateralOptions, expected] of cases) {
  check(name, () => {
    const judge = () =>
      verifier.verify(quote(quoteOptions), collateral(collateralOptions), seconds);
    if (expected instanceof RegExp) refuses(judge, expected);
    else same(expected, judge().status, 'status');
  });
}

check('measurements and report data arrive', () => {
  const mrConfigId = '42'.repeat(48);
  const report = verifier.verify(
    quote(['--mr-config-id', mrConfigId, '-d', hello.toString('hex')]),
    collateral(['--advisory', 'SIM-SA-00042']), seconds);
  const td = tdOf(report.report);
  same(mrConfigId, Buffer.from(td.mrConfigId).toString('hex'), 'mr_config_id');
  same('hello, world', Buffer.from(td.reportData).toString().replace(/\0+$/, ''), 'report data');
  same('SIM-SA-00042', report.advisory_ids.join(' '), 'advisories');
  const state = JSON.parse(fs.readFileSync(path.join(platform, 'platform.json')));
  same(state.td.mr_td, Buffer.from(td.mrTd).toString('hex'), 'mr_td');
});

const good = quote();
const documents = collateral();
check('Intel\'s root refuses', () => {
  refuses(() => peer.QuoteVerifier.newProd().verify(good, documents, seconds), /./);
});
// a byte of the header, of the body, of the signature, of the QE's report
for (const offset of [40, 400, 640, 900]) {
  check(`byte ${offset} changed`, () => {
    refuses(() => verifier.verify(flipped(good, offset), documents, seconds),
      /invalid|mismatch/i);
  });
}
check('another platform\'s documents', () => {
  const other = path.join(dir, 'other');
  run('init', other, '--time', time, '--quiet');
  refuses(() => verifier.verify(good,
    JSON.parse(run('collateral', other, '--time', time)), seconds), /./);
});

// The corpus: the good cases that it can judge, and the forgeries of what it looks at. The
// rest it accepts or refuses for reasons of its own; it knows no policies.
const beyond = new Set([
  'good_tdx_v5_td15ex', 'good_sgx_v4', 'good_sgx_v5', // kinds of quotes
  'good_auth_data_of_64_bytes', 'good_auth_data_empty', 'good_leaf_with_a_chain',
  'good_sept_ve_disable_clear', 'good_service_td', // refused by policy
  'good_module_components_do_not_count', 'good_cpu_svn_is_not_compared',
  'good_levels_in_rising_order', 'good_grace', 'good_newer_document_counts', 'good_newer_document_last',
  'good_whole_document', 'good_signature_first',
  'good_body_within_a_text', // forms of collateral
  'good_serial_on_another_list', // looks a certificate up on every list
]);
const looksAt = new Set([
  'quote.signature', 'qe.signature', 'qe.identity', 'qe_identity.signature',
  'tcb_info.signature', 'pck.root', 'pck.revoked', 'pck_ca.revoked', 'signing.revoked',
  'pck.dates', 'tcb_info.dates', 'qe_identity.dates', 'td.debug', 'sgx.debug',
  'td.attributes', 'td.migratable',
]);
const corpus = path.join(dir, 'corpus');
run('corpus', corpus, '--quiet');

function judgeCase(c) {
  const at = (file) => fs.readFileSync(path.join(corpus, c.name, file));
  const bundle = c.has_collateral ? JSON.parse(at('collateral.json')) : {};
  const report = peer.QuoteVerifier.newWithRootCa(derOf(at('root.pem').toString()))
    .verify(at('quote.bin'), bundle, Date.parse(c.time) / 1000);
  if (!['UpToDate', ...c.options.accept].includes(report.status)) throw new Error(report.status);
}

for (const c of JSON.parse(fs.readFileSync(path.join(corpus, 'index.json'))).cases) {
  if (c.class === 'policy') continue;
  if (c.result === 'accepted' && !beyond.has(c.name)) check(c.name, () => judgeCase(c));
  if (c.result === 'rejected' && looksAt.has(c.check)) {
    check(c.name, () => refuses(() => judgeCase(c), /./));
  }
}

console.log(`1..${number}`);
fs.rmSync(dir, { recursive: true });
process.exit(failures === 0 ? 0 : 1);
