// The scenarios as a page runs them: bundled with the package, this leaves `runScenarios` for the driver.
'use strict';
console.warn = () => {};
const { run } = require('./scenarios.js');

globalThis.scenarioLines = [];
globalThis.runScenarios = options => run({ ...options, report: line => globalThis.scenarioLines.push(line) });
