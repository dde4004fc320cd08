package config

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// RequestRate is a number of requests per time. Requests is 0 for any number.
type RequestRate struct {
	Requests int
	Per      time.Duration
}

// Decode reads a rate such as 600/1m, or off.
func (r *RequestRate) Decode(text string) error {
	*r = RequestRate{}
	if text == SettingOff {
		return nil
	}

	number, per, _ := strings.Cut(text, "/")
	n, err := strconv.Atoi(number)
	d, perErr := time.ParseDuration(per)
	if err != nil || perErr != nil || n < 1 || d < time.Second || d > 24*time.Hour {
		return fmt.Errorf("%q: expected requests per time such as 600/1m, the time from 1s to 24h; or off", text)
	}

	*r = RequestRate{n, d}
	return nil
}

// ProxyList holds the CIDRs of trusted proxies.
type ProxyList []string

// Decode reads addresses and networks separated by commas.
func (p *ProxyList) Decode(text string) error {
	*p = nil
	for _, proxy := range strings.Split(text, ",") {
		proxy = strings.TrimSpace(proxy)
		prefix, err := netip.ParsePrefix(proxy)
		if addr, addrErr := netip.ParseAddr(proxy); err != nil && addrErr == nil && addr.Zone() == "" {
			prefix, err = addr.Prefix(addr.BitLen())
		}

		if err != nil {
			return fmt.Errorf("%q: expected addresses or networks such as 10.0.0.7 or 10.0.0.0/8, separated by commas", proxy)
		}

		*p = append(*p, prefix.Masked().String())
	}

	return nil
}
