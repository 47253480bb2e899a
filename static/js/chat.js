// Starts the ISP's chat. The element that loads this file says which: data-vendor, data-account, data-host.
(() => {
  const { vendor, account, host } = document.currentScript.dataset;
  const load = (src, attributes = {}) => {
    const script = Object.assign(document.createElement("script"), { src, async: true, ...attributes });
    document.body.append(script);
    return script;
  };
  const vendors = {
    smartsupp() {
      window._smartsupp = { key: account };
      window.smartsupp = (...args) => window.smartsupp._.push(args);
      window.smartsupp._ = [];
      load("https://www.smartsuppchat.com/loader.js?");
    },
    tidio() { load(`https://code.tidio.co/${account}.js`); },
    tawk() {
      window.Tawk_API = window.Tawk_API || {};
      window.Tawk_LoadStart = new Date();
      load(`https://embed.tawk.to/${account}`, { crossOrigin: "anonymous" });
    },
    crisp() {
      window.$crisp = [];
      window.CRISP_WEBSITE_ID = account;
      load("https://client.crisp.chat/l.js");
    },
    chatwoot() {
      const baseUrl = `https://${host}`;
      load(`${baseUrl}/packs/js/sdk.js`).onload = () => window.chatwootSDK.run({ websiteToken: account, baseUrl });
    },
  };
  if (Object.hasOwn(vendors, vendor)) vendors[vendor]();
})();
