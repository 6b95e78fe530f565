// What is measured, not judged: `npx playwright test -c measure.config.ts`. See README.md.
import config from './playwright.config';

export default { ...config, testDir: 'measure', retries: 0, workers: 1, reporter: 'list' };
