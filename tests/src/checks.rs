//! What holds for every plugin of the bundle, whatever it plays.
use crate::host::Host;
use crate::random::Random;
use anyhow::Result;

/// Nonsense as state changes nothing: short texts, half a state, and `count` times `size` random bytes.
pub fn refuses_rubbish(host: &mut Host, count: usize, size: usize) -> Result<()> {
    let before = host.save()?;
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let mut rubbish: Vec<Vec<u8>> = vec![Vec::new(), b"{}".to_vec(), b"{\"version\":".to_vec()];
    rubbish.extend((0..count).map(|_| (0..size).map(|_| random.bits() as u8).collect()));
    rubbish.push(before[..before.len() / 2].to_vec());
    for bytes in rubbish {
        let _ = host.load(&bytes);
        assert_eq!(host.save()?, before, "{} bytes of rubbish changed the state", bytes.len());
    }
    Ok(())
}

/// Every text that a parameter shows means a value that shows it.
pub fn texts_go_both_ways(host: &mut Host) -> Result<()> {
    let names: Vec<String> = host.params().keys().cloned().collect();
    for name in names {
        for i in 0..=20 {
            let value = f64::from(i) / 20.0;
            let text = host.param_text(&name, value)?;
            let back = host.param_value(&name, &text)?;
            assert_eq!(host.param_text(&name, back)?, text, "{name} at {value} came back as {back}");
        }
    }
    Ok(())
}

/// A VST3 factory lists a plugin once, under its permanent id.
#[cfg(target_os = "linux")]
pub fn has_id(module: &crate::vst3_host::Module, name: &str, id: &[u8; 16]) {
    let classes = module.classes();
    let plugins: Vec<_> =
        classes.iter().filter(|c| c.category == "Audio Module Class" && c.name == name).collect();
    assert_eq!(plugins.len(), 1, "{classes:?}");
    assert_eq!(plugins[0].id.map(|c| c as u8), *id);
}

/// What a VST3 instance saved comes back in a new one, and rubbish does not change it.
#[cfg(target_os = "linux")]
pub fn comes_back(module: &crate::vst3_host::Module, name: &str, saved: &[u8]) -> Result<()> {
    let other = module.create(name)?;
    other.load(saved)?;
    assert_eq!(other.save()?, saved);
    let _ = other.load(b"rubbish");
    assert_eq!(other.save()?, saved);
    Ok(())
}
