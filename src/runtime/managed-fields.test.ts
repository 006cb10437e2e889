import { describe, expect, it } from 'vitest';
import { countAsApplied, countCreatedAsApplied, managedFieldsOf } from './managed-fields.ts';

const created = {
  manager: 'tenantry',
  operation: 'Update',
  apiVersion: 'v1',
  fieldsType: 'FieldsV1',
  fieldsV1: { 'f:data': { 'f:old': {}, 'f:both': {} } },
};
const status = {
  manager: 'tenantry',
  operation: 'Update',
  subresource: 'status',
  fieldsV1: { 'f:status': {} },
};
const foreign = { manager: 'kubectl', operation: 'Update', fieldsV1: { 'f:data': { 'f:theirs': {} } } };

describe('countCreatedAsApplied', () => {
  it('turns the entry of our create into one of an apply and leaves others alone', () => {
    expect(countCreatedAsApplied([foreign, status, created], 'tenantry')).toEqual([
      foreign,
      status,
      { ...created, operation: 'Apply' },
    ]);
  });

  it('joins created fields with those applied since', () => {
    const applied = { ...created, operation: 'Apply', fieldsV1: { 'f:data': { 'f:new': {}, 'f:both': {} } } };

    expect(countCreatedAsApplied([created, applied], 'tenantry')).toEqual([
      { ...applied, fieldsV1: { 'f:data': { 'f:old': {}, 'f:both': {}, 'f:new': {} } } },
    ]);
  });

  it.each([
    ['there is nothing of ours', [foreign, status]],
    ['everything of ours was applied', [{ ...created, operation: 'Apply' }]],
    ['nothing is managed', []],
  ])('has nothing to do when %s', (_name, entries) => {
    expect(countCreatedAsApplied(entries, 'tenantry')).toBeUndefined();
  });
});

describe('countAsApplied', () => {
  const helm = { manager: 'helm', operation: 'Update', fieldsV1: { 'f:data': { 'f:helms': {} } } };

  it('gives what others wrote to the one who writes in their place, and leaves the rest alone', () => {
    expect(countAsApplied([foreign, status, helm], ['helm'], 'tenantry')).toEqual([
      foreign,
      status,
      { ...helm, manager: 'tenantry', operation: 'Apply' },
    ]);
  });

  it('joins them with what was applied', () => {
    const applied = { ...created, operation: 'Apply', fieldsV1: { 'f:data': { 'f:new': {} } } };

    expect(countAsApplied([helm, applied], ['helm'], 'tenantry')).toEqual([
      { ...applied, fieldsV1: { 'f:data': { 'f:new': {}, 'f:helms': {} } } },
    ]);
  });

  it('has nothing to do where they wrote nothing', () => {
    expect(countAsApplied([foreign, status], ['helm'], 'tenantry')).toBeUndefined();
  });
});

describe('managedFieldsOf', () => {
  it('is empty where the list was dropped', () => {
    expect(managedFieldsOf({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' } })).toEqual([]);
  });
});
