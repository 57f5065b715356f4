// Draws a dashboard of the JSON that Grafana reads, with the components and the data model that Grafana itself uses.
// The page has `window.TOLLWATCH = {board, frames, range}`: the frames of each panel by its id, the time in ms.
import 'uplot/dist/uPlot.min.css';
import React from 'react';
import { createRoot } from 'react-dom/client';
import {
  applyFieldOverrides, createTheme, dateTime, displayNameOverrideProcessor, EventBusSrv, FieldConfigOptionsRegistry,
  getFieldDisplayValues, ReducerID, ThemeContext, toDataFrame, VizOrientation,
} from '@grafana/data';
import {
  BarGauge, BigValue, BigValueColorMode, BigValueGraphMode, BigValueJustifyMode, BigValueTextMode, GlobalStyles,
  PanelContextProvider, Table, TimeSeries, VizRepeater,
} from '@grafana/ui';

const { board, frames, range } = window.TOLLWATCH;
const theme = createTheme({ colors: { mode: 'light' } });
const COLUMN = 60, ROW = 38, GAP = 8;

const options = ['unit', 'decimals', 'min', 'max', 'displayName', 'noValue', 'thresholds', 'mappings', 'links', 'color'];
const custom = ['width', 'align', 'cellOptions', 'filterable', 'drawStyle', 'lineWidth', 'fillOpacity', 'hidden',
  'showPoints', 'stacking', 'axisLabel', 'spanNulls', 'inspect'];
const registry = new FieldConfigOptionsRegistry();
const item = (id, path, isCustom) => ({
  id, path, name: id, isCustom, editor: null, override: null, settings: {},
  process: (value) => value, shouldApply: () => true, getItemsCount: () => 0,
});
options.forEach((name) => registry.register(item(name, name, false)));
Object.assign(registry.get('displayName'), { process: displayNameOverrideProcessor, settings: { expandTemplateVars: true } });
custom.forEach((name) => registry.register(item(`custom.${name}`, name, true)));

const replace = (text, scope) => String(text).replace(/\$\{__field\.labels\.(\w+)\}/g, (_, name) => {
  const field = scope && ((scope.__dataContext && scope.__dataContext.value.field) || (scope.__field && scope.__field.value));
  return ((field && field.labels) || {})[name] || '';
});

function dataOf(panel) {
  const given = (frames[panel.id] || []).map((frame) => toDataFrame(frame));
  return applyFieldOverrides({
    data: given, fieldConfig: panel.fieldConfig || { defaults: {}, overrides: [] }, replaceVariables: replace, theme,
    timeZone: 'utc', fieldConfigRegistry: registry,
  });
}

const timeRange = { from: dateTime(range[0]), to: dateTime(range[1]), raw: { from: dateTime(range[0]), to: dateTime(range[1]) } };

function values(panel, data) {
  return getFieldDisplayValues({
    fieldConfig: panel.fieldConfig, reduceOptions: panel.options.reduceOptions || { calcs: [ReducerID.lastNotNull] },
    replaceVariables: replace, theme, data, timeZone: 'utc',
  });
}

function Stat({ panel, data, width, height }) {
  const render = ({ value, width, height }) => (
    <BigValue value={value.display} width={width} height={height} theme={theme} justifyMode={BigValueJustifyMode.Auto}
      graphMode={BigValueGraphMode.None} colorMode={panel.options.colorMode || BigValueColorMode.Value}
      textMode={panel.options.textMode || BigValueTextMode.Auto} text={panel.options.text} />
  );
  return <VizRepeater getValues={() => values(panel, data)} renderValue={render} width={width} height={height}
    source={data} renderCounter={0} itemSpacing={3} orientation={VizOrientation.Auto} autoGrid />;
}

function Bars({ panel, data, width, height }) {
  const found = values(panel, data);
  const longest = Math.max(...found.map((each) => (each.display.title || '').length), 1);
  const render = ({ value, width, height }) => (
    <BarGauge value={value.display} field={value.field} width={width} height={height} theme={theme}
      orientation={VizOrientation.Horizontal} displayMode={panel.options.displayMode || 'basic'}
      display={value.view && value.colIndex !== undefined ? value.view.getFieldDisplayProcessor(value.colIndex) : undefined}
      text={panel.options.text} valueDisplayMode={panel.options.valueMode}
      alignmentFactors={{ title: 'm'.repeat(longest), text: '1,000,000 EUR' }} itemSpacing={8} lcdCellWidth={10} />
  );
  return (
    <div style={{ overflowY: 'auto', height }}>
      <VizRepeater getValues={() => found} renderValue={render} width={width} height={height}
        minVizHeight={panel.options.minVizHeight} maxVizHeight={panel.options.maxVizHeight}
        source={data} renderCounter={0} itemSpacing={8} orientation={VizOrientation.Horizontal} />
    </div>
  );
}

function Series({ panel, data, width, height }) {
  if (!data.length || !data.some((frame) => frame.length)) return <Nothing panel={panel} />;
  const context = { eventBus: new EventBusSrv(), sync: () => 0 };
  return (
    <PanelContextProvider value={context}>
      <TimeSeries frames={data} structureRev={1} timeRange={timeRange} timeZone="utc" width={width} height={height}
        legend={{ showLegend: true, displayMode: 'list', placement: 'bottom', calcs: [], ...panel.options.legend }}
        options={panel.options} />
    </PanelContextProvider>
  );
}

const Nothing = ({ panel }) => <div className="nothing">{(panel.fieldConfig.defaults || {}).noValue || 'No data'}</div>;

function Body({ panel, width, height }) {
  if (panel.type === 'text') return <div style={{ fontSize: 14 }} dangerouslySetInnerHTML={{ __html: panel.options.content }} />;
  const data = dataOf(panel);
  const box = { panel, data, width, height };
  if (panel.type === 'stat') return <Stat {...box} />;
  if (panel.type === 'bargauge') return data.some((frame) => frame.length) ? <Bars {...box} /> : <Nothing panel={panel} />;
  if (panel.type === 'timeseries') return <Series {...box} />;
  if (panel.type === 'table') return data.some((frame) => frame.length) ? <Table data={data[0]} width={width} height={height} /> : <Nothing panel={panel} />;
  return <div>unknown panel {panel.type}</div>;
}

class Guard extends React.Component {
  state = { error: null };
  static getDerivedStateFromError(error) { return { error }; }
  render() { return this.state.error ? <pre className="failed">{String(this.state.error.stack || this.state.error)}</pre> : this.props.children; }
}

function Panel({ panel: given }) {
  const panel = { options: {}, fieldConfig: { defaults: {}, overrides: [] }, ...given };
  const { x, y, w, h } = panel.gridPos;
  const width = w * COLUMN - GAP, height = h * ROW - GAP;
  const style = { position: 'absolute', left: x * COLUMN, top: y * ROW, width, height, overflow: 'hidden',
    background: panel.type === 'row' ? 'none' : '#fff', border: panel.type === 'row' ? 'none' : '1px solid #ddd', borderRadius: 3 };
  if (panel.type === 'row') return <h4 style={{ ...style, margin: 0, paddingTop: 6 }}>{panel.title}</h4>;
  return (
    <section style={style} data-panel={panel.id} data-title={panel.title}>
      <header style={{ fontWeight: 500, padding: '5px 8px', height: 28 }}>{panel.title}</header>
      <div className="body" style={{ padding: '0 8px' }}><Guard><Body panel={panel} width={width - 18} height={height - 40} /></Guard></div>
    </section>
  );
}

const rows = Math.max(...board.panels.map((panel) => panel.gridPos.y + panel.gridPos.h));
const page = document.getElementById('page');
createRoot(page).render(
  <ThemeContext.Provider value={theme}>
    <GlobalStyles />
    <h2 style={{ margin: '6px 0 4px' }}>{board.title}</h2>
    <div style={{ position: 'relative', width: 24 * COLUMN, height: rows * ROW }}>
      {board.panels.map((panel) => <Panel key={panel.id + panel.type} panel={panel} />)}
    </div>
  </ThemeContext.Provider>
);
