import fc from 'fast-check';

/**
 * fast-check with a seed of its own, so that a run of the tests can be repeated, and one that passed stays passed.
 * `FC_SEED=random` (or a number) looks elsewhere, as one should from time to time.
 */
const { FC_SEED: seed = '20261124' } = process.env;
fc.configureGlobal(seed === 'random' ? {} : { seed: Number(seed) });

export default fc;
