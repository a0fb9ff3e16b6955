// What is made of an object that never changes, made once and kept as long as the object is.

/** @param make gives the same for the same object, whenever it is asked */
export function once<K extends object, V extends NonNullable<unknown>>(make: (key: K) => V): (key: K) => V {
  const made = new WeakMap<K, V>()
  return (key) => {
    let value = made.get(key)
    if (value === undefined) {
      value = make(key)
      made.set(key, value)
    }
    return value
  }
}
