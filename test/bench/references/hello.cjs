// What starting Node costs.
console.log('hello');
