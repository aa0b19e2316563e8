// The reader's language, as the page was made in it.

export const english = document.documentElement.lang === "en";

/** The text in the reader's language. */
export const t = (zh, en) => (english ? en : zh);

/** A length of time in its two largest units, as the pages say it. */
export function span(seconds) {
  const minutes = Math.floor(Math.abs(seconds) / 60);
  const days = Math.floor(minutes / 1440);
  const hours = Math.floor((minutes % 1440) / 60);
  const rest = minutes % 60;
  if (days) return hours ? t(`${days} 天 ${hours} 小时`, `${days} d ${hours} h`) : t(`${days} 天`, `${days} d`);
  if (hours) return rest ? t(`${hours} 小时 ${rest} 分`, `${hours} h ${rest} min`) : t(`${hours} 小时`, `${hours} h`);
  return t(`${rest} 分钟`, `${rest} min`);
}

/** A length in metres to three figures or so. */
export const metres = (m) =>
  m >= 1000 ? t(`${(m / 1000).toFixed(1)} 公里`, `${(m / 1000).toFixed(1)} km`) : t(`${Math.round(m)} 米`, `${Math.round(m)} m`);
