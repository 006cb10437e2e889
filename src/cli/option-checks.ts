import { InvalidArgumentError } from 'commander';
import { WrongOption } from '../lib/wrong-option.ts';

/** RFC 1123: what namespaces are called. */
const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
/** What Helm takes for a release: labels with dots between, 53 characters at most. */
const RELEASE = /^(?=.{1,53}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
/** A path of an image, a host before it if there is one. */
const IMAGE_NAME = /^(?:[A-Za-z0-9.-]+(?::\d{1,5})?\/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*$/;
const IMAGE_TAG = /^\w[\w.-]{0,127}$/;
const IMAGE_DIGEST = /^sha256:[0-9a-f]{64}$/;
/** A day: whoever waits longer has mistyped. */
const MAX_SECONDS = 86_400;

/** Throws WrongOption for what is no name of a namespace. */
export function checkNamespace(text: string): string {
  if (LABEL.test(text)) return text;
  throw new WrongOption(
    `--namespace is "${text}", which is no name of a namespace`,
    'Use 1 to 63 lower-case letters, digits and dashes, beginning and ending with a letter or digit.',
  );
}

/** Throws WrongOption for what is no name of a Helm release. */
export function checkRelease(text: string): string {
  if (RELEASE.test(text)) return text;
  throw new WrongOption(
    `--name is "${text}", which is no name of a Helm release`,
    'Use 1 to 53 lower-case letters, digits, dashes and dots, beginning and ending with a letter or digit.',
  );
}

/** `registry:5000/name` and `tag`, or `name@sha256` and the digits of a digest. Throws WrongOption. */
export function splitImage(text: string): { readonly repository: string; readonly tag: string } {
  const [named = '', digest] = text.split('@');
  const colon = named.lastIndexOf(':');
  const tagged = colon > named.lastIndexOf('/');
  const name = tagged ? named.slice(0, colon) : named;
  const isTagged = tagged ? IMAGE_TAG.test(named.slice(colon + 1)) : digest !== undefined;
  const isPinned = digest === undefined || IMAGE_DIGEST.test(digest);
  const last = text.lastIndexOf(':');
  if (IMAGE_NAME.test(name) && isTagged && isPinned && text.split('@').length <= 2)
    return { repository: text.slice(0, last), tag: text.slice(last + 1) };
  throw new WrongOption(
    `--image is "${text}", which is no image with its tag`,
    'Name image and tag, e.g. registry.example.com/tenantry:0.1.0.',
  );
}

/** Positive whole seconds, a day at most. Throws WrongOption. */
export function secondsOf(text: string): number {
  const seconds = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (seconds > 0 && seconds <= MAX_SECONDS) return seconds;
  throw new WrongOption(
    `--timeout is "${text}", which is not a number of seconds from 1 to ${MAX_SECONDS}`,
    'Give a whole number, e.g. --timeout 120.',
  );
}

/** For commander: a port of TCP. */
export function portNumber(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw new InvalidArgumentError('It must be 1 to 65535.');
  return port;
}

/** For commander: a number from 1 on. */
export function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new InvalidArgumentError('It must be a number from 1 on.');
  return Number(text);
}
