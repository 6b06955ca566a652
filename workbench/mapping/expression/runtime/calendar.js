// Moments as JavaScript's Date has them, in UTC.

const LAST_MILLI = 8640000000000000;

function utcMillis(year, month, day, hour, minute, second, milli) {
  const moment = new Date(0);
  moment.setUTCFullYear(year, month - 1, day);
  return moment.getTime() + ((hour * 60 + minute) * 60 + second) * 1000 + milli;
}

function partsOf(millis) {
  const moment = new Date(millis);
  const first = utcMillis(moment.getUTCFullYear(), 1, 1, 0, 0, 0, 0);
  return {
    Y: moment.getUTCFullYear(),
    M: moment.getUTCMonth() + 1,
    D: moment.getUTCDate(),
    d: Math.floor((millis - first) / 86400000) + 1,
    F: moment.getUTCDay() || 7,
    H: moment.getUTCHours(),
    m: moment.getUTCMinutes(),
    s: moment.getUTCSeconds(),
    f: moment.getUTCMilliseconds(),
  };
}

function fromMillis(millis, picture, zone) {
  if (millis === undefined) return undefined;
  return formatPicture(millis, picture === undefined ? "[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001][Z01:01t]" : picture, zone);
}

function toMillis(text, picture) {
  if (text === undefined) return undefined;
  if (picture !== undefined) return parsePicture(text, picture);
  const iso =
    /^(\d{4})(?:-([01]\d))?(?:-([0-3]\d))?(?:T([0-2]\d):([0-5]\d):([0-5]\d))?(?:\.(\d+))?(?:([+-])([0-2]\d):?([0-5]\d)|Z)?$/.exec(text);
  if (iso === null) throw fault("D3110", "$toMillis takes a time as ISO 8601 writes it");
  const [, year, month = "1", day = "1", hour, minute = "0", second = "0", fraction = "", sign, zoneHour = "0", zoneMinute = "0"] = iso;
  if (hour === undefined && (fraction || sign || (text.endsWith("Z") && Number(year) < 100))) {
    throw fault("U1002", "$toMillis takes a date alone, or with a time; here a part in between is missing");
  }
  const milli = Number(`${fraction}000`.slice(0, 3));
  const hours = Number(hour ?? "0");
  const midnight = hours === 24 && Number(minute) + Number(second) + milli === 0;
  const right = month >= 1 && month <= 12 && day >= 1 && day <= 31 && (hours <= 23 || midnight) && zoneHour <= 23;
  if (!right) return NaN;
  const offset = (Number(zoneHour) * 60 + Number(zoneMinute)) * (sign === "-" ? -1 : 1);
  return utcMillis(Number(year), Number(month), Number(day), hours, Number(minute), Number(second), milli) - offset * 60000;
}
