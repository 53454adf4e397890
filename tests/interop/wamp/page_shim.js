// What the package expects of node and pages lack.
export { Buffer } from 'buffer/';
export { default as process } from 'process/browser';
