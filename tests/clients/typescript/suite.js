// All of it in one process and one after another: a test moves the platform's clock.
import './token.js';
import './orders.js';
import './payments.js';
